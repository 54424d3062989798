"""Backends around a backend: answers that are kept and given again, and calls that are written down."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Literal, TypeAlias

from mas2_env.backends.asker import query_of
from mas2_env.backends.base import Backend
from mas2_env.backends.chat import ChatBackend
from mas2_env.backends.ledger import Ledger, Line, UsageSource
from mas2_env.backends.lines import line_of
from mas2_env.backends.prompt import Prompt
from mas2_env.backends.rendering import render_call
from mas2_env.backends.store import Identity, Kept, Memory, Store, identify
from mas2_env.backends.usage import Tokens
from mas2_env.errors import Breakdown, PluginError, ProviderError, ReplayMiss
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.pool import Pool

Mode: TypeAlias = Literal["read", "read-write", "record", "replay"]
Answer: TypeAlias = Reply | Failure | Breakdown


class Keeping(ChatBackend):
    """Gives kept answers, and asks another backend for the others.

    Args:
        inner: asked where nothing is kept; in the mode `replay` never.
        pool: prices what is given again.
        store: of the answers; to replay, a file.
        mode: `read` keeps nothing new. `read-write` keeps replies. `record` keeps all that came of a call,
            failures and breakdowns too, so that the run can be replayed: in one recording a call comes out
            once. `replay` gives what was recorded and nothing else.

    Attributes:
        digest: of the backend inside: a run is the same run with kept answers.
    """

    def __init__(self, inner: Backend, pool: Pool, store: Store | Memory, mode: Mode) -> None:
        super().__init__(pool)
        self.inner = inner
        self.store = store
        self.mode = mode
        self.digest = str(getattr(inner, "digest", ""))
        self.pace = "instant" if mode == "replay" else inner.pace
        self._under_way: dict[bytes, Future[Answer | None]] = {}

    def __reduce__(self) -> tuple[type["Keeping"], tuple[Any, ...], dict[str, Any]]:
        return (type(self), (self.inner, self.pool, self.store, self.mode), {"ledger": self.ledger})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.ledger = state["ledger"]

    @property
    def ledger(self) -> Ledger | None:
        """Where calls are written down, here and inside."""
        return self.inner.ledger

    @ledger.setter
    def ledger(self, ledger: Ledger | None) -> None:
        self.inner.ledger = ledger

    @property
    def talks(self) -> bool:
        """Whether the backend inside can be asked anything."""
        return isinstance(self.inner, ChatBackend) and self.inner.talks

    def seconds_of(self, call: ModelCall, answer: Reply | Failure) -> float | None:
        """As the backend inside: a kept answer took as long when it was given."""
        return self.inner.seconds_of(call, answer)

    def prepare(self) -> None:
        """Look whether the backend inside can answer, unless it is never asked."""
        if self.mode != "replay":
            self.inner.prepare()

    def share(self, processes: int) -> None:
        """As the backend inside."""
        self.inner.share(processes)

    async def aclose(self) -> None:
        """Let go of what belongs to the running event loop."""
        await self.inner.aclose()

    def parameters(self, backbone: str) -> dict[str, Any]:
        """What shapes a reply of the backend inside."""
        if isinstance(self.inner, ChatBackend):
            return self.inner.parameters(backbone)
        answering = self.inner.inner if isinstance(self.inner, Metered) else self.inner
        return {"model": backbone, "backend": type(answering).__name__, "digest": self.digest}

    # Asking.

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Answer]:
        """Answer every call, in order."""
        return self._answer([self.render(call) for call in calls], calls)

    def chat(self, prompts: Sequence[Prompt]) -> Sequence[Answer]:
        """Answer every request, in order."""
        return self._answer(prompts, None)

    def render(self, call: ModelCall) -> Prompt:
        """A call as the backend inside renders it."""
        return self.inner.render(call) if isinstance(self.inner, ChatBackend) else render_call(call)

    def _answer(self, prompts: Sequence[Prompt], calls: Sequence[ModelCall] | None) -> list[Answer]:
        identities = [identify(prompt, self.parameters(prompt.backbone)) for prompt in prompts]
        answers: dict[bytes, Answer] = {}
        missing: dict[bytes, int] = {}
        again: list[int] = []
        for place, (prompt, identity) in enumerate(zip(prompts, identities, strict=True)):
            if identity.key in answers or identity.key in missing:
                again.append(place)
            elif (found := self._find(prompt, identity)) is not None:
                answers[identity.key] = found
            else:
                missing[identity.key] = place
        if missing:
            places = list(missing.values())
            if calls is not None:
                given = self.inner.complete([calls[place] for place in places])
            else:
                given = self._chatting().chat([prompts[place] for place in places])
            for place, answer in zip(places, given, strict=True):
                identity = identities[place]
                answers[identity.key] = self._keep(prompts[place], identity, answer)
        for place in again:
            self._note(prompts[place], answers[identities[place].key])
        return [answers[identity.key] for identity in identities]

    async def acomplete(self, call: ModelCall) -> Answer:
        """Answer one call without blocking the event loop."""
        return await self._aanswer(self.render(call), call)

    async def achat(self, prompt: Prompt) -> Reply | Failure:
        """Answer one request without blocking the event loop."""
        answer = await self._aanswer(prompt, None)
        if isinstance(answer, Breakdown):
            raise answer
        return answer

    async def _aanswer(self, prompt: Prompt, call: ModelCall | None) -> Answer:
        identity = identify(prompt, self.parameters(prompt.backbone))
        own: Future[Answer | None] = Future()
        own.set_running_or_notify_cancel()  # whoever waits for it and is cancelled does not cancel it
        while (other := self._under_way.setdefault(identity.key, own)) is not own:
            # The same sample is asked for twice at once, maybe in another thread's event loop: it is one
            # sample, unless asking for it is given up.
            answer = await asyncio.wrap_future(other)
            if answer is not None:
                self._note(prompt, answer)
                return answer
        answer = None
        try:
            # Looked up now that nobody else asks for it: before that, another thread may just have kept it.
            answer = self._find(prompt, identity)
            if answer is None:
                answer = self._keep(prompt, identity, await self._ask(prompt, call))
            return answer
        finally:
            del self._under_way[identity.key]
            own.set_result(answer)

    async def _ask(self, prompt: Prompt, call: ModelCall | None) -> Answer:
        try:
            if call is not None:
                return await self.inner.acomplete(call)
            return await self._chatting().achat(prompt)
        except Breakdown as breakdown:
            return breakdown

    def _chatting(self) -> ChatBackend:
        if not isinstance(self.inner, ChatBackend):
            raise PluginError(f"the backend {type(self.inner).__name__} answers roles of a system alone")
        return self.inner

    # Keeping.

    def _find(self, prompt: Prompt, identity: Identity) -> Answer | None:
        kept = self.store.get(identity)
        if kept is None:
            if self.mode == "replay" and isinstance(self.store, Store):
                label = prompt.label
                raise ReplayMiss(
                    f"{self.store.path} holds no answer of {prompt.backbone} for {label.operation} of "
                    f"{query_of(label) or label.role}: {self.store.explain(identity, label)}"
                )
            return None
        answer = _answer_of(kept)
        self._note(prompt, answer)
        return answer

    def _note(self, prompt: Prompt, answer: Answer) -> None:
        if self.ledger is not None and not isinstance(answer, Breakdown):
            self.ledger.add(_line(prompt, answer, self.pool, "kept", 0.0))

    def _keep(self, prompt: Prompt, identity: Identity, answer: Answer) -> Answer:
        if self.mode == "record" or (self.mode == "read-write" and isinstance(answer, Reply)):
            return _answer_of(self.store.put(identity, prompt, _kept(answer)))
        return answer


def _kept(answer: Answer) -> Kept:
    if isinstance(answer, Reply):
        return Kept(reply=answer)
    if isinstance(answer, Failure):
        return Kept(failure=answer)
    return Kept(breakdown=str(answer))


def _answer_of(kept: Kept) -> Answer:
    if kept.breakdown is not None:
        return ProviderError(kept.breakdown)
    answer = kept.reply or kept.failure
    assert answer is not None
    return answer


def _line(
    prompt: Prompt,
    answer: Reply | Failure,
    pool: Pool,
    usage: UsageSource,
    seconds: float,
    provider: str = "",
) -> Line:
    """A line for an answer, apart from its request to a server."""
    tokens = Tokens(answer.prompt_tokens, answer.completion_tokens, answer.reasoning_tokens, 0, usage)
    ended = answer.kind if isinstance(answer, Failure) else "reply"
    return line_of(prompt, pool, tokens, ended, seconds=seconds, provider=provider)


class Metered(Backend):
    """Writes the calls of a backend down that keeps no ledger itself, such as the simulated pool.

    Args:
        inner: answers.
        pool: prices.
    """

    def __init__(self, inner: Backend, pool: Pool) -> None:
        self.inner = inner
        self.pool = pool
        self.digest = str(getattr(inner, "digest", ""))
        self.pace = inner.pace

    def __reduce__(self) -> tuple[type["Metered"], tuple[Backend, Pool], dict[str, Any]]:
        return (type(self), (self.inner, self.pool), {"ledger": self.ledger})

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Answer]:
        """Answer every call, in order."""
        self._check()
        answers = self.inner.complete(calls)
        if len(answers) == len(calls):  # whoever drives says what is wrong if not
            for call, answer in zip(calls, answers, strict=True):
                self._note(call, answer, 0.0)
        return answers

    async def acomplete(self, call: ModelCall) -> Answer:
        """Answer one call without blocking the event loop."""
        self._check()
        begin = time.monotonic()
        answer = await self.inner.acomplete(call)
        self._note(call, answer, time.monotonic() - begin)
        return answer

    def seconds_of(self, call: ModelCall, answer: Reply | Failure) -> float | None:
        """As the backend inside."""
        return self.inner.seconds_of(call, answer)

    def prepare(self) -> None:
        """As the backend inside."""
        self.inner.prepare()

    def share(self, processes: int) -> None:
        """As the backend inside."""
        self.inner.share(processes)

    async def aclose(self) -> None:
        """As the backend inside."""
        await self.inner.aclose()

    def _check(self) -> None:
        if self.ledger is not None:
            self.ledger.check()

    def _note(self, call: ModelCall, answer: object, seconds: float) -> None:
        if self.ledger is not None and isinstance(answer, Reply | Failure):
            prompt = render_call(call)
            known = self.inner.seconds_of(call, answer)
            seconds = seconds if known is None else known
            self.ledger.add(_line(prompt, answer, self.pool, "server", seconds, type(self.inner).__name__))
