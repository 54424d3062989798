"""Drivers: they perform what is ready and deliver the results, until a decision is asked for or all is done.

Three of them, one rule: a driver decides only when and where operations are performed. The same episode
gives the same trace under each. What a backend raises voids the episode that asked, and that one alone; only
a `Halt` is meant for all and passes through.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from mas2_env.errors import Breakdown, Halt, ProviderError, TaskError, ToolError
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
from mas2_env.task import Score, ToolUse

Ending: TypeAlias = Result | Score | Breakdown
Answer: TypeAlias = Reply | Failure | Breakdown

_ANSWERS: Final = (Reply, Failure)
_NUMBERS: Final = (float, int)


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

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Answer]:
        """Answer every call, in order."""
        ...

    async def acomplete(self, call: ModelCall) -> Answer:
        """Answer one call without blocking the event loop."""
        ...


def run_sync(episode: Runnable, backend: Completer) -> None:
    """Perform operations, a step at a time, until the episode's stage is not `run`."""
    while episode.stage == "run":
        ready = episode.ready()
        calls = [operation for operation in ready if type(operation) is ModelCall]
        _deliver(episode, ready, _complete(backend, calls) if calls else ())


def run_batch(episodes: Sequence[Runnable], backend: Completer) -> None:
    """Advance all episodes together until no stage is `run`.

    The backend is given every model call that is ready in any of them at once.
    """
    running = [episode for episode in episodes if episode.stage == "run"]
    while running:
        step_batch(running, backend)
        running = [episode for episode in running if episode.stage == "run"]


def step_batch(episodes: Sequence[Runnable], backend: Completer) -> None:
    """Advance all episodes whose stage is `run` by one step, their model calls answered together."""
    calls: list[ModelCall] = []
    steps: list[tuple[Runnable, tuple[Operation, ...], slice]] = []
    for episode in episodes:
        if episode.stage == "run":
            ready = episode.ready()
            begin = len(calls)
            calls += [operation for operation in ready if type(operation) is ModelCall]
            steps.append((episode, ready, slice(begin, len(calls))))
    try:
        answers = _ask(backend, calls) if calls else []
    except Halt:
        raise
    except (Exception, SystemExit):  # whose calls it cannot answer shows when each episode's are asked alone
        answers = [answer for _, _, own in steps if calls[own] for answer in _complete(backend, calls[own])]
    for episode, ready, own in steps:
        _deliver(episode, ready, answers[own])


def _deliver(episode: Runnable, ready: Sequence[Operation], answers: Sequence[Ending]) -> None:
    """Deliver the results of a step, the answers to its model calls among them."""
    if len(answers) < len(ready):
        answer = iter(answers)
        answers = [next(answer) if type(asked) is ModelCall else perform(asked) for asked in ready]
    _hand_over(episode, ready, answers)


def _hand_over(episode: Runnable, ready: Sequence[Operation], results: Sequence[Ending]) -> None:
    """Deliver in the step's order, the first breakdown last: what was performed beside it has its price."""
    broken = None
    for operation, result in zip(ready, results, strict=True):
        if isinstance(result, Breakdown):
            broken = broken or (operation, result)
        else:
            episode.deliver(operation, result)
    if broken is not None:
        episode.deliver(*broken)


def _complete(backend: Completer, calls: Sequence[ModelCall]) -> Sequence[Answer]:
    try:
        return _ask(backend, calls)
    except Halt:
        raise
    except (Exception, SystemExit) as error:
        return [_bug(backend, error)] * len(calls)


def _ask(backend: Completer, calls: Sequence[ModelCall]) -> Sequence[Answer]:
    """The backend's answers; a breakdown that it raises is the answer to every call."""
    try:
        answers = list(backend.complete(calls))
    except Breakdown as breakdown:
        return [breakdown] * len(calls)
    if len(answers) != len(calls):
        raise ValueError(f"it answered {len(answers)} of {len(calls)} calls, expected one answer for each")
    for answer in answers:
        _check(answer)
    return answers


def _check(answer: Answer) -> Answer:
    """The answer, if it is one that can be paid for."""
    if isinstance(answer, _ANSWERS):
        text = answer.text if isinstance(answer, Reply) else answer.message
        if not isinstance(text, str):
            raise TypeError(f"it answered with {text!r}, expected a text")
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        if type(prompt) is not int or type(completion) is not int or prompt < 0 or completion < 0:
            given = f"it counted {prompt!r} and {completion!r} tokens"
            raise ValueError(f"{given}, expected a whole number of at least 0")
        if type(answer) is Reply and answer.tool_uses:
            _check_uses(answer.tool_uses)
    elif not isinstance(answer, Breakdown):
        raise TypeError(f"it answered with a {type(answer).__name__}, expected Reply or Failure")
    return answer


def _check_uses(uses: object) -> None:
    if not isinstance(uses, tuple) or not all(isinstance(use, ToolUse) for use in uses):
        raise TypeError(f"it asked for tools by {uses!r:.200}, expected a tuple of ToolUse")
    for use in uses:
        if not isinstance(use.name, str) or not isinstance(use.arguments, str):
            raise TypeError(f"it asked for the tool {use!r:.200}, expected its name and JSON text")


def _bug(backend: Completer, error: BaseException) -> Breakdown:
    """A backend that raises says nothing about the system that asked it: neither may count as a failure."""
    return ProviderError(f"backend {type(backend).__name__} raised {type(error).__name__}: {error}")


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
            results = []
            for result in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(result, BaseException) and not isinstance(result, Breakdown):
                    raise result
                results.append(result)
        _hand_over(episode, ready, results)


async def _perform_async(operation: Operation, backend: Completer) -> Ending:
    if type(operation) is ModelCall:
        try:
            return _check(await backend.acomplete(operation))
        except Breakdown as breakdown:
            return breakdown
        except Halt:
            raise
        except (Exception, SystemExit) as error:
            return _bug(backend, error)
    assert isinstance(operation, ToolCall | ScoreCall)
    if operation.item.task.blocking:
        return await asyncio.to_thread(perform, operation)
    return perform(operation)


def perform(operation: ToolCall | ScoreCall) -> Ending:
    """Perform a tool call or a scoring, in the calling thread.

    A task that raises is a breakdown of that episode, with the exception in its reason: it must neither count
    as a wrong answer nor stop the other episodes.

    Raises:
        Halt: if something that the task asks ends the run, such as a judge's provider.
    """
    task = operation.item.task
    try:
        if type(operation) is ScoreCall:
            score = task.assess(operation.item, operation.answer, operation.work)
            return _check_score(score)
        assert type(operation) is ToolCall
        return _use(operation)
    except Breakdown as breakdown:
        return breakdown
    except Halt:
        raise
    except (Exception, SystemExit) as error:
        boundary, what = (TaskError, "score") if type(operation) is ScoreCall else (ToolError, "call")
        return boundary(
            f"{task.name}.{what} raised {type(error).__name__} on item {operation.item.id}: {error}"
        )


def _check_score(score: object) -> Score:
    if not isinstance(score, Score):
        raise TypeError(f"it gave a {type(score).__name__}, expected a Score")
    if type(score.success) is not bool or not 0.0 <= score.value <= 1.0:
        raise ValueError(f"it gave {score!r:.200}, expected a yes or no and a value from 0 to 1")
    for metric in score.metrics.values():
        if not isinstance(metric, _NUMBERS):
            raise TypeError(f"it gave the metrics {score.metrics!r:.200}, expected numbers by name")
    return score


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
    output = operation.item.task.call(operation.item, name, arguments)
    if not isinstance(output, str):
        raise TypeError(f"it gave a {type(output).__name__}, expected a text")
    return ToolOutput(output)
