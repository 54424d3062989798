"""Backends that answer requests in chat form: real models, wherever they run."""

import asyncio
import threading
import weakref
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from mas2_env.backends.base import Backend
from mas2_env.backends.prompt import Prompt
from mas2_env.backends.rendering import render_call
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.pool import Pool

T = TypeVar("T")


class ChatBackend(Backend):
    """A backend that can be asked anything: calls of roles and decisions of meta-agents alike.

    Args:
        pool: names, prices and routes of its models.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @property
    def talks(self) -> bool:
        """Whether it can be asked anything, and not calls of roles alone."""
        return True

    @abstractmethod
    def chat(self, prompts: Sequence[Prompt]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every request, in order; a `Breakdown` in its place where infrastructure failed."""

    async def achat(self, prompt: Prompt) -> Reply | Failure:
        """Answer one request without blocking the event loop.

        Raises:
            Breakdown: if infrastructure failed beyond its retries.
        """
        answer = self.chat((prompt,))[0]
        if isinstance(answer, Breakdown):
            raise answer
        return answer

    def render(self, call: ModelCall) -> Prompt:
        """A call of a role as a request."""
        return render_call(call)

    def parameters(self, backbone: str) -> dict[str, Any]:
        """What besides the messages shapes a reply: the model's name and its sampling parameters."""
        return {"model": backbone}

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every call, in order."""
        return self.chat([self.render(call) for call in calls])

    async def acomplete(self, call: ModelCall) -> Reply | Failure | Breakdown:
        """Answer one call without blocking the event loop."""
        return await self.achat(self.render(call))


class Portal:
    """An event loop in a thread of its own, for callers that have none; it begins at the first use.

    Args:
        close: called in that loop before it ends. It must not refer to the owner of the portal, since the
            loop ends when that is collected.
    """

    def __init__(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._close = close
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(target=_live, args=(self._loop,), daemon=True, name="mas2-portal")
                thread.start()
                weakref.finalize(self, _stop, self._loop, thread, self._close)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _live(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _stop(
    loop: asyncio.AbstractEventLoop, thread: threading.Thread, close: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    asyncio.run_coroutine_threadsafe(_end(loop, close), loop)
    if (
        threading.current_thread() is not thread
    ):  # which may collect the owner itself, and cannot wait for itself
        thread.join(timeout=2.0)


async def _end(loop: asyncio.AbstractEventLoop, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await close()
    finally:
        loop.stop()
