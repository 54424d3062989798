"""Drivers: they perform what is ready and deliver the results, until a decision is asked for or all is done.

Three of them, one rule: a driver decides only when and where operations are performed. The same episode
gives the same trace under each.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import islice
from typing import Any, Protocol, TypeAlias

import msgspec

from mas2_env.errors import Breakdown
from mas2_env.execution.operation import (
    Failure,
    ModelCall,
    Operation,
    Reply,
    Result,
    ScoreCall,
    ToolCall,
    ToolOutput,
)
from mas2_env.task import Score

Ending: TypeAlias = Result | Score | Breakdown


class Runnable(Protocol):
    """What can be driven: an `Episode`."""

    @property
    def stage(self) -> str:
        """`run` as long as operations are to be performed."""
        ...

    def ready(self) -> tuple[Operation, ...]:
        """Operations to perform now."""
        ...

    def deliver(self, operation: Any, result: Ending) -> None:
        """How one of them ended."""
        ...


class Completer(Protocol):
    """What answers model calls: a `Backend`."""

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer every call, in order."""
        ...

    async def acomplete(self, call: ModelCall) -> Reply | Failure | Breakdown:
        """Answer one call without blocking the event loop."""
        ...


def run_sync(episode: Runnable, backend: Completer) -> None:
    """Perform operations, a step at a time, until the episode's stage is not `run`."""
    while episode.stage == "run":
        ready = episode.ready()
        calls = [operation for operation in ready if type(operation) is ModelCall]
        if len(calls) < len(ready):
            _perform_here(episode, ready)
        if calls:
            _deliver(episode, calls, _complete(backend, calls))


def run_batch(episodes: Sequence[Runnable], backend: Completer) -> None:
    """Advance all episodes together until no stage is `run`.

    The backend is given every model call that is ready in any of them at once.
    """
    running = [episode for episode in episodes if episode.stage == "run"]
    while running:
        calls: list[ModelCall] = []
        callers: list[tuple[Runnable, list[ModelCall]]] = []
        for episode in running:
            ready = episode.ready()
            asked = [operation for operation in ready if type(operation) is ModelCall]
            if len(asked) < len(ready):
                _perform_here(episode, ready)
            callers.append((episode, asked))
            calls += asked
        results = iter(_complete(backend, calls)) if calls else iter(())
        for episode, asked in callers:
            _deliver(episode, asked, list(islice(results, len(asked))))
        running = [episode for episode in running if episode.stage == "run"]


def _perform_here(episode: Runnable, ready: Sequence[Operation]) -> None:
    for operation in ready:
        if not isinstance(operation, ModelCall) and episode.stage == "run":
            episode.deliver(operation, perform(operation))


def _deliver(episode: Runnable, calls: Sequence[Operation], results: Sequence[Ending]) -> None:
    """Deliver results in order; a breakdown among them ends the episode, and the rest is of no use."""
    for operation, result in zip(calls, results, strict=True):
        if episode.stage == "run":
            episode.deliver(operation, result)


def _complete(backend: Completer, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
    try:
        return backend.complete(calls)
    except Breakdown as breakdown:
        return [breakdown] * len(calls)


async def run_async(episode: Runnable, backend: Completer) -> None:
    """Perform the operations of each step concurrently until the episode's stage is not `run`.

    Tools and scorers that may wait (`Task.blocking`) run in the event loop's default executor.
    """
    while episode.stage == "run":
        ready = episode.ready()
        if len(ready) == 1:
            results = [await _perform_async(ready[0], backend)]
        else:
            work: list[Coroutine[Any, Any, Ending]] = [
                _perform_async(operation, backend) for operation in ready
            ]
            results = await asyncio.gather(*work)
        _deliver(episode, ready, results)


async def _perform_async(operation: Operation, backend: Completer) -> Ending:
    if type(operation) is ModelCall:
        try:
            return await backend.acomplete(operation)
        except Breakdown as breakdown:
            return breakdown
    assert isinstance(operation, ToolCall | ScoreCall)
    if operation.item.task.blocking:
        return await asyncio.to_thread(perform, operation)
    return perform(operation)


def perform(operation: ToolCall | ScoreCall) -> Ending:
    """Perform a tool call or a scoring, in the calling thread.

    A task that raises is a breakdown of that episode, with the exception in its reason: it must neither count
    as a wrong answer nor stop the other episodes.
    """
    task = operation.item.task
    try:
        if type(operation) is ScoreCall:
            return task.score(operation.item, operation.answer)
        assert type(operation) is ToolCall
        return _use(operation)
    except Breakdown as breakdown:
        return breakdown
    except Exception as error:
        what = "score" if type(operation) is ScoreCall else "call"
        return Breakdown(
            f"{task.name}.{what} raised {type(error).__name__} on item {operation.item.id}: {error}"
        )


def _use(operation: ToolCall) -> ToolOutput:
    name, granted = operation.use.name, operation.turn.tools
    if name not in granted:
        return ToolOutput(
            f"error: the tool {name!r} is not granted; granted are {', '.join(granted) or 'none'}"
        )
    try:
        arguments = msgspec.json.decode(operation.use.arguments, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        return ToolOutput(f"error: the arguments of a tool call must be a JSON object: {error}")
    return ToolOutput(operation.item.task.call(operation.item, name, arguments))
