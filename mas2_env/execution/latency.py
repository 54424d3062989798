"""How long an episode takes, from its trace and from how long each call took.

Operations that do not wait for each other run at the same time, so an episode is shorter than the sum of its
calls. Nothing here is a clock: times come from whoever knows them, a simulated backend or a ledger.

    steps = Σ over steps of the longest operation in it,
    path  = the longest chain of operations of which each waits for the one before.

The drivers of this package perform a step as a whole before the next (`steps`); one that begins every turn
as soon as what it needs is there takes `path`. A Rectifier decides when all that was begun has ended. What
the meta-agents and the scorer take is no part of it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from mas2_env.execution.compile import Plan, compile_template
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.execution.trace import TRACE_VERSION, Decided, Edited, Ended, Event, Performed, record
from mas2_env.system.edit import apply
from mas2_env.system.model import Assignment, Rectification, System, Template

Clock: TypeAlias = Callable[[ModelCall, Reply | Failure], float | None]
"""Seconds of a model call that had this answer; None if they are not known."""


class Duration(Struct, frozen=True):
    """Seconds of an episode.

    Attributes:
        path: along the critical path.
        steps: step by step, as the drivers here perform it.
        work: one operation after another.
    """

    path: float
    steps: float
    work: float


def latency(trace: Iterable[Event], seconds: Clock, tool_seconds: float = 0.0) -> Duration:
    """How long the operations of an episode take.

    Args:
        trace: of the episode, begun or done.
        seconds: of a model call, such as `Simulated.seconds_of` or what `ledger.clock` makes of a ledger.
        tool_seconds: of every tool call; tools of the tasks here take milliseconds.

    Raises:
        ValueError: if it is not known how long a call took.
    """
    clock = _Schedule()
    for event in trace:
        if type(event) is Performed:
            clock.perform(event, _taken(event, seconds, tool_seconds))
        elif type(event) is Decided:
            clock.decide(event.decision)
        elif type(event) is Edited:
            clock.edit(event)
    return Duration(clock.now, clock.steps + clock.longest, clock.work)


def timed_lines(trace: Iterable[Event], seconds: Clock) -> Iterator[bytes]:
    """The trace as JSON lines, with what is known of times.

    `performed` has the `seconds` of a model call, `ended` the `latency` of the episode, where all calls of it
    are known.
    """
    events = tuple(trace)
    encode = msgspec.json.Encoder().encode
    yield encode({"event": "trace", "version": TRACE_VERSION})
    known = True
    for event in events:
        line: dict[str, Any] = record(event)
        if type(event) is Performed and type(event.operation) is ModelCall:
            assert isinstance(event.result, Reply | Failure)
            taken = seconds(event.operation, event.result)
            if taken is None:
                known = False
            else:
                line["seconds"] = round(taken, 4)
        elif type(event) is Ended and known:
            whole = msgspec.to_builtins(latency(events, seconds))
            line["latency"] = {name: round(value, 4) for name, value in whole.items()}
        yield encode(line)


def _taken(event: Performed, seconds: Clock, tool_seconds: float) -> float:
    operation = event.operation
    if type(operation) is not ModelCall:
        return tool_seconds
    assert isinstance(event.result, Reply | Failure)
    taken = seconds(operation, event.result)
    if taken is None:
        raise ValueError(
            f"nobody knows how long {operation.id!r} took: give the ledger's times of a real backend, or the "
            "backend of a simulated run"
        )
    return taken


class _Schedule:
    """When each operation begins and ends.

    Attributes:
        now: when the last has ended.
        steps: seconds of all steps but the present one; `longest` is that of its longest operation.
        work: sum over operations.
    """

    def __init__(self) -> None:
        self.now = self.steps = self.longest = self.work = 0.0
        self._step = 0
        self._system: System | None = None
        self._template: Template | None = None
        self._floor = 0.0
        self._plan: Plan | None = None
        self._free: dict[str, tuple[int, float]] = {}
        self._end: dict[str, float] = {}

    def decide(self, decision: object) -> None:
        """A decision: of a rectification, even of none, everything has to wait."""
        if isinstance(decision, Template):
            self._template = decision
        elif isinstance(decision, Assignment):
            assert self._template is not None
            self._begin(System(self._template, decision))
        elif isinstance(decision, Rectification):
            assert self._system is not None
            self._begin(self._system)

    def edit(self, event: Edited) -> None:
        """The system after edits; what is kept of it was there before."""
        assert self._system is not None
        self._begin(apply(self._system, event.edits))

    def _begin(self, system: System) -> None:
        self._system = system
        self._floor = self.now
        self._plan = compile_template(system.template)
        self._free, self._end = {}, {}

    def perform(self, event: Performed, taken: float) -> None:
        """An operation: a turn's first begins once all that the turn needs is there, the others in turn."""
        turn = event.operation.turn.id  # type: ignore[union-attr]
        step, begins = self._free.get(turn, (-1, 0.0))
        if step != event.step:
            begins = self._end[turn] if turn in self._end else self._begins(turn)
            self._free[turn] = (event.step, begins)
        ends = begins + taken
        self._end[turn] = max(self._end.get(turn, ends), ends)
        self.now = max(self.now, ends)
        self.work += taken
        if event.step != self._step:
            self.steps, self.longest, self._step = self.steps + self.longest, 0.0, event.step
        self.longest = max(self.longest, taken)

    def _begins(self, turn: str) -> float:
        assert self._plan is not None
        return self._needs(self._plan.places[turn], {})

    def _needs(self, index: int, known: dict[int, float]) -> float:
        """When all that a turn waits for is settled."""
        assert self._plan is not None
        needs = self._plan.nodes[index].needs
        return max([self._settled(need, known) for need in needs], default=self._floor)

    def _settled(self, index: int, known: dict[int, float]) -> float:
        """When a turn is settled: with its last operation, or, if it has none, as soon as it could begin."""
        assert self._plan is not None
        end = self._end.get(self._plan.turns[index])
        if end is not None:
            return end
        if index not in known:
            known[index] = self._needs(index, known)
        return known[index]
