"""The complete record of an episode, as events and as versioned JSON lines.

Events hold references, not copies; they are encoded only when a trace is written. The first line names the
version of the format. Everything that is charged stands in an event, so the cost of an episode equals the
sum over its trace.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from mas2_env.execution.operation import Failure, ModelCall, Operation, Reply, Result, ToolCall
from mas2_env.policy import Usage
from mas2_env.reward import Outcome
from mas2_env.settings import Settings
from mas2_env.system.model import Decision, Edit
from mas2_env.task import Score

TRACE_VERSION = "mas2.trace/1"


class Started(Struct, frozen=True, gc=False):
    """The beginning: what is needed to run the same episode again."""

    task: str
    task_version: str
    item: str
    seed: int
    pool: str
    pool_digest: str
    settings: Settings
    reference_cost: int


class Decided(Struct, frozen=True, gc=False):
    """A decision that was carried out. `cost` is of the meta-agent's own tokens, nano-USD."""

    stage: str
    decision: Decision
    repairs: tuple[str, ...]
    usage: Usage | None
    cost: int


class Rejected(Struct, frozen=True, gc=False):
    """A decision that was invalid."""

    stage: str
    problems: tuple[str, ...]
    usage: Usage | None
    cost: int


class Performed(Struct, frozen=True, gc=False):
    """An operation and how it ended; `cost` in nano-USD."""

    step: int
    operation: Operation
    result: Result
    cost: int


class Settled(Struct, frozen=True, gc=False):
    """A turn that needs nothing more: `done`, `failed`, `skipped`, or `bypassed` by a route."""

    step: int
    turn: str
    status: str
    answer: str | None


class Triggered(Struct, frozen=True, gc=False):
    """The trigger fired, A_R(s_t) = 1."""

    step: int
    reasons: tuple[str, ...]
    failed: tuple[str, ...]
    spent: int


class Edited(Struct, frozen=True, gc=False):
    """The system was changed. Turns that keep their results are settled anew right after it, unpaid."""

    step: int
    edits: tuple[Edit, ...]


class Forked(Struct, frozen=True, gc=False):
    """From here on the draws come from another seed."""

    seed: int


class Scored(Struct, frozen=True, gc=False):
    """The verdict on the final answer."""

    answer: str | None
    score: Score


class Ended(Struct, frozen=True, gc=False):
    """The end."""

    outcome: Outcome


Event: TypeAlias = (
    Started | Decided | Rejected | Performed | Settled | Triggered | Edited | Forked | Scored | Ended
)


def record(event: Event) -> dict[str, Any]:
    """An event as JSON-able data. Items appear by id alone; hidden truth never does."""
    name = type(event).__name__.lower()
    if isinstance(event, Performed):
        return {"event": name, **_performed(event)}
    body: dict[str, Any] = msgspec.to_builtins(event)
    return {"event": name, **body}


def _performed(event: Performed) -> dict[str, Any]:
    operation, result = event.operation, event.result
    out: dict[str, Any] = {"step": event.step, "operation": operation.id, "cost": event.cost}
    if isinstance(operation, ModelCall):
        out |= {
            "kind": "model",
            "role": operation.turn.role,
            "purpose": operation.turn.purpose,
            "backbone": operation.backbone,
            "messages": [[m.sender, m.relation] for m in operation.messages],
        }
    elif isinstance(operation, ToolCall):
        out |= {
            "kind": "tool",
            "role": operation.turn.role,
            "tool": operation.use.name,
            "arguments": operation.use.arguments,
        }
    if not isinstance(operation, ModelCall | ToolCall):
        raise TypeError(f"a scoring is recorded as `Scored`, not as {operation!r}")
    out |= {"attempt": operation.attempt, "key": operation.key.hex()}
    if isinstance(result, Reply):
        out["prompt_tokens"] = result.prompt_tokens
        out["completion_tokens"] = result.completion_tokens
        if result.reasoning_tokens:
            out["reasoning_tokens"] = result.reasoning_tokens
        out["text"] = result.text
        if result.tool_uses:
            out["tool_uses"] = msgspec.to_builtins(result.tool_uses)
        if result.stop:
            out["stop"] = result.stop
        if result.logprobs:
            out["logprobs"] = result.logprobs
    elif isinstance(result, Failure):
        out["failure"] = msgspec.to_builtins(result)
    else:
        out["output"] = result.text
    return out


def lines(events: Iterable[Event]) -> Iterator[bytes]:
    """Events as JSON lines (without line ends), the first naming the version of the format."""
    encode = msgspec.json.Encoder().encode
    yield encode({"event": "trace", "version": TRACE_VERSION})
    for event in events:
        yield encode(record(event))
