"""A window of episodes in one event loop: each goes on as soon as its own calls are answered.

Episodes of different policies share it, so that it stays full from the first of a run to the last.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from msgspec import Struct

from mas2_env.backends.asker import asked_about
from mas2_env.backends.base import Backend
from mas2_env.episode import Episode
from mas2_env.errors import Breakdown, BudgetError, Halt, PolicyError, ProviderError
from mas2_env.execution.drive import run_async
from mas2_env.observation import Observation
from mas2_env.policy import Answer, Policy
from mas2_env.runs.asking import Given, ask, carry_out, policy_error

_TOGETHER = 16
"""Episodes that are begun before those under way have their turn."""

_THREADS = 64
"""Tools and scorings that may wait, for a judge or a sandbox, at the same time."""


@runtime_checkable
class AsyncPolicy(Protocol):
    """A policy that decides one episode at a time without blocking, because it waits for something."""

    async def adecide(self, observation: Observation) -> Answer:
        """Decide; raises `Breakdown` where infrastructure failed."""
        ...


class Job(Struct, frozen=True, eq=False):
    """An episode to be driven.

    Attributes:
        episode: to be driven to its end.
        policy: asked through `adecide` if it has that, else in batches, in a thread of its own.
        name: of the policy in the run.
    """

    episode: Episode
    policy: Policy
    name: str = ""


class Window:
    """Drives episodes, so many at once.

    Args:
        jobs: taken as there is room.
        backend: answers model calls.
        size: episodes under way at once.
        deadline: seconds from an episode's beginning after which it ends void; None for none.
    """

    def __init__(
        self,
        jobs: Iterator[Job],
        backend: Backend,
        size: int,
        deadline: float | None = None,
    ) -> None:
        self._source = jobs
        self._backend = backend
        self._size = size
        self._deadline = deadline
        self._desks: dict[int, _Desk] = {}
        self._tasks: set[asyncio.Task[Job]] = set()
        self._finished: list[Job] = []
        self._error: BaseException | None = None
        self._feeder: asyncio.Task[None] | None = None

    def run(self) -> Iterator[Job]:
        """Yield each job when its episode is finished.

        Raises:
            PolicyError: if the policy raises, or does not answer each observation.
            Halt: if something ends the run; after a `BudgetError` once the calls under way are answered.
        """
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "mas2-task"))
            try:
                while finished := runner.run(self._next()):
                    yield from finished
            finally:
                _let_stop(runner.get_loop())
                runner.run(self._close())

    async def _next(self) -> list[Job]:
        """Jobs that have finished; none when all have."""
        if self._feeder is None:
            self._changed = asyncio.Event()
            self._room = asyncio.Semaphore(self._size)
            self._feeder = asyncio.create_task(self._feed())
            self._feeder.add_done_callback(self._fed)
        while not self._finished:
            if self._error is not None and not (isinstance(self._error, BudgetError) and self._tasks):
                raise self._error
            if not self._tasks and self._feeder.done():
                return []
            await self._changed.wait()
            self._changed.clear()
        finished, self._finished = self._finished, []
        return finished

    async def _feed(self) -> None:
        for number, job in enumerate(self._source, start=1):
            await self._room.acquire()
            if self._error is not None:
                return
            task = asyncio.create_task(self._live(job))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            if number % _TOGETHER == 0:
                await asyncio.sleep(0)

    def _fed(self, feeder: asyncio.Task[None]) -> None:
        error = None if feeder.cancelled() else feeder.exception()
        if isinstance(error, Exception):
            self._error = self._error or error
        self._changed.set()

    def _ended(self, task: asyncio.Task[Job]) -> None:
        self._tasks.discard(task)
        self._room.release()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._finished.append(task.result())
        elif not isinstance(error, Exception):  # Ctrl-C: the event loop has raised it already, once is enough
            return
        elif self._error is None or isinstance(self._error, BudgetError):
            self._error = error
        self._changed.set()

    async def _live(self, job: Job) -> Job:
        episode = job.episode
        timeout = asyncio.timeout(self._deadline)
        try:
            async with timeout:
                while episode.stage != "done":
                    if episode.stage == "run":
                        await run_async(episode, self._backend)
                    else:
                        carry_out(episode, await self._decision(job))
        except TimeoutError:
            if not timeout.expired():
                raise
            episode.abandon(ProviderError(f"the episode was not done within its {self._deadline:g} s"))
        return job

    async def _decision(self, job: Job) -> Given:
        policy, episode = job.policy, job.episode
        if not isinstance(policy, AsyncPolicy):
            desk = self._desks.get(id(policy))
            if desk is None:
                desk = self._desks[id(policy)] = _Desk(policy)
            return await desk.ask(episode)
        try:
            observation = episode.observe()
            with asked_about([(observation, episode.item.id)]):
                return await policy.adecide(observation)
        except Breakdown as breakdown:
            return breakdown
        except (Halt, PolicyError):
            raise
        except (Exception, SystemExit) as error:
            raise policy_error(policy, error, [episode]) from error

    async def _close(self) -> None:
        """Stop what is under way, and let go of connections."""
        tasks = [*self._tasks, *([self._feeder] if self._feeder is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for desk in self._desks.values():
            desk.close()
        await self._backend.aclose()


def _let_stop(loop: asyncio.AbstractEventLoop) -> None:
    """Turn the loop once: where a signal cut it short, the call that was to stop it may still be waiting."""
    loop.call_soon(loop.stop)
    loop.run_forever()


class _Desk:
    """Where episodes wait for a policy that answers in batches: what waits together is asked together.

    It is asked in one thread of its own, so that the calls under way do not wait for it.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._thread = ThreadPoolExecutor(1, "mas2-policy")
        self._waiting: list[tuple[Episode, asyncio.Future[Given]]] = []
        self._busy = False

    async def ask(self, episode: Episode) -> Given:
        """The policy's answer for an episode."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Given] = loop.create_future()
        self._waiting.append((episode, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._begin)
        return await future

    def _begin(self) -> None:
        waiting, self._waiting = [w for w in self._waiting if not w[1].done()], []
        if not waiting:
            self._busy = False
            return
        episodes = [episode for episode, _ in waiting]
        asking = asyncio.get_running_loop().run_in_executor(self._thread, ask, self._policy, episodes)
        asking.add_done_callback(lambda done: self._answer([future for _, future in waiting], done))

    def _answer(
        self, futures: Sequence[asyncio.Future[Given]], done: asyncio.Future[Sequence[Given]]
    ) -> None:
        if not done.cancelled():
            error = done.exception()
            for place, future in enumerate(futures):
                if future.done():
                    continue
                if error is not None:
                    future.set_exception(error)
                else:
                    future.set_result(done.result()[place])
        self._begin()

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
