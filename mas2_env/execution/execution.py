"""A system being run, as plain data: which operations are ready, and what became of those performed.

Operations that are ready at one moment form a *step*. A step is applied as a whole and in canonical order,
whatever order its results came in; then the trigger is looked at. So the state s_t, and with it every trace,
does not depend on the driver.

Every result is kept under its operation's key, which covers all that may have influenced it. After an edit
the new system is compiled and walked again; operations whose keys are unchanged find their results and are
neither performed nor paid a second time.
"""

from collections.abc import Collection
from copy import copy
from typing import Final

from msgspec.structs import replace

from mas2_env.execution import gates
from mas2_env.execution.board import STATUS, Board
from mas2_env.execution.compile import compile_template
from mas2_env.execution.gates import DONE, FAILED, RUNNING, SKIPPED, Output
from mas2_env.execution.memory import Loop, Memory
from mas2_env.execution.operation import (
    Failure,
    ModelCall,
    Reply,
    Result,
    ToolCall,
    ToolOutput,
    Turn,
    clean,
)
from mas2_env.execution.tally import Tally
from mas2_env.execution.trace import Event, Performed, Settled
from mas2_env.execution.trigger import Trigger, look
from mas2_env.pool import Pool
from mas2_env.system.model import System
from mas2_env.task import Item, Score, ToolUse, Work

_ANSWERS: Final = frozenset({"draft", "debate", "revise"})
_ENDINGS: Final = {ModelCall: (Reply, Failure), ToolCall: (ToolOutput, Failure)}


class Execution:
    """The state s_t of a running system.

    Args:
        item: the problem.
        system: a valid system.
        pool: prices the calls.
        seed: of the episode; enters every key.
        threshold: θ_C in nano-USD.
        max_tool_steps: tool calls that one turn may make.
        trace: where events are appended.
    """

    __slots__ = (
        "_attempts",
        "_board",
        "_failed_at",
        "_item",
        "_loops",
        "_max_tool_steps",
        "_memory",
        "_missing",
        "_operations",
        "_pool",
        "_results",
        "_threshold",
        "_trace",
        "step",
        "system",
        "tally",
        "trigger",
    )

    def __init__(
        self,
        item: Item,
        system: System,
        pool: Pool,
        seed: int,
        threshold: int,
        max_tool_steps: int,
        trace: list[Event],
    ) -> None:
        self._item = item
        self._pool = pool
        self._threshold = max(1, threshold)
        self._max_tool_steps = max_tool_steps
        self._trace = trace
        self._memory = Memory(item, seed)
        self._attempts: dict[str, int] = {}
        self._failed_at: dict[str, tuple[str, ...]] = {}
        self._missing: frozenset[str] = frozenset()
        self.tally = Tally()
        self.step = 0
        self.trigger: Trigger | None = None
        self._start(system)

    def _start(self, system: System) -> None:
        self.system = system
        self._board = Board(compile_template(system.template))
        self._loops: dict[int, Loop] = {}
        self._operations: dict[str, ModelCall | ToolCall] = {}
        self._results: dict[str, Result] = {}
        self._advance(self._board.first())

    # What the world sees.

    @property
    def finished(self) -> bool:
        """Whether no operation is left and no trigger is waiting for an answer."""
        return not self._operations and self.trigger is None

    def ready(self) -> tuple[ModelCall | ToolCall, ...]:
        """Operations to perform now; none while a trigger waits for an answer."""
        if self.trigger is not None:
            return ()
        if not self._results:
            return tuple(self._operations.values())
        return tuple([asked for name, asked in self._operations.items() if name not in self._results])

    def deliver(self, operation: ModelCall | ToolCall, result: Result | Score) -> bool:
        """Say how an operation ended. The last result of a step applies the step.

        Returns:
            Whether it was the last.

        Raises:
            ValueError: if the operation was not ready, or has its result already.
            Breakdown: if the task cannot read what was written.
        """
        name = operation.id
        mine, results = self._operations.get(name), self._results
        if mine is None or mine.key != operation.key or name in results or self.trigger is not None:
            raise ValueError(f"operation {name!r} is not ready; ready are {[o.id for o in self.ready()]}")
        expected = _ENDINGS[type(mine)]
        if not isinstance(result, expected):
            names = " or ".join([kind.__name__ for kind in expected])
            raise ValueError(f"operation {name!r} ends in {names}, not in {type(result).__name__}")
        results[name] = clean(result)
        if len(results) < len(self._operations):
            return False
        self._apply()
        return True

    def answer(self) -> str | None:
        """The answer in the output role's last reply."""
        output = self._board.final()
        return None if output is None else output.answer

    def work(self) -> Work:
        """What the answer came out of: the output role's last reply, and every tool call of the episode."""
        last = self._board.final()
        calls: list[tuple[ToolUse, str]] = []
        if self.tally.tool_calls:
            calls = [
                (event.operation.use, event.result.text)
                for event in self._trace
                if type(event) is Performed
                and type(event.operation) is ToolCall
                and type(event.result) is ToolOutput
            ]
        return Work(None if last is None else last.text, tuple(calls))

    def turns(self) -> list[tuple[Turn, str, Output | None]]:
        """Every turn of the present system with its status and output, in canonical order."""
        return self._board.turns()

    def failed_turns(self) -> tuple[str, ...]:
        """Turns of the present system that failed."""
        return self._board.failed()

    def attempt(self, turn: str) -> int:
        """Retries that the failed operation of a turn has had."""
        return max([self._attempts.get(place, 0) for place in self._failed_at.get(turn, ())], default=0)

    def abandon(self) -> None:
        """Charge what was delivered of a step that will never be whole: infrastructure broke down."""
        self.step += 1
        for name, operation in self._operations.items():
            if name in self._results:
                self._charge(operation, self._results[name])

    # Answers to a trigger.

    def proceed(self) -> None:
        """Go on unchanged after a trigger."""
        self.trigger = None

    def resume(
        self, system: System, retries: Collection[str], skips: Collection[str], rebuilt: bool = False
    ) -> None:
        """Go on from s_t with another system.

        Args:
            system: the valid system after the edits.
            retries: turns whose failed operation is to be performed once more.
            skips: turns to do without, as long as they are in the system.
            rebuilt: whether it is a new system, in which earlier skips mean nothing.

        Raises:
            Breakdown: if the task cannot read what was written.
        """
        self.trigger = None
        for turn in retries:
            for place in self._failed_at[turn]:
                self._attempts[place] = self._attempts.get(place, 0) + 1
        missing = frozenset(skips) if rebuilt else self._missing.union(skips)
        self._missing = missing.intersection(compile_template(system.template).turns) if missing else missing
        self._start(system)

    def fork(self, trace: list[Event], seed: int | None = None) -> "Execution":
        """A copy with the same past; with the same future too, unless re-seeded."""
        twin: Execution = Execution.__new__(Execution)
        for name in Execution.__slots__:
            setattr(twin, name, getattr(self, name))
        twin._trace = trace
        twin._memory = self._memory.fork()
        twin._attempts = self._attempts.copy()
        twin._failed_at = self._failed_at.copy()
        twin._board = self._board.fork()
        twin._loops = {i: loop.fork() for i, loop in self._loops.items()}
        twin._results = self._results.copy()
        twin.tally = copy(self.tally)
        if seed is not None:
            twin._reseed(seed)
        return twin

    def _reseed(self, seed: int) -> None:
        """Later draws come from another seed; results already known stay known under their old keys."""
        self._memory.reseed(self._item, seed)
        waiting, places = self._operations, self._board.plan.places
        self._operations = {}
        for name, operation in waiting.items():
            index = places[operation.turn.id]
            if name in self._results:
                self._operations[name] = operation
            elif type(operation) is ToolCall:
                call, _ = self._tool_call(index, operation.k)
                self._operations[call.id] = call
            else:
                self._call_model(index)

    # Applying a step.

    def _apply(self) -> None:
        before = self.tally.cost
        self.step += 1
        operations, results = self._operations, self._results
        self._operations, self._results = {}, {}
        board = self._board
        places, status = board.plan.places, board.status
        settled: list[int] = []
        failed: list[str] = []
        for name, operation in operations.items():
            result = results[name]
            index = places[operation.turn.id]
            self._memory.results[operation.key] = result
            self._charge(operation, result)
            if type(result) is Failure:
                turn, place = operation.turn.id, name.partition("~")[0]
                if status[index] == RUNNING:
                    failed.append(turn)
                    self._fail(index, result, (place,))
                    settled.append(index)
                else:  # another of the tools that were asked for together
                    self._failed_at[turn] += (place,)
            elif type(result) is Reply:
                if self._take_reply(index, result):
                    settled.append(index)
            elif status[index] == RUNNING:
                assert type(operation) is ToolCall
                if self._loops[index].answer(operation.k, result.text) and self._call_model(index):
                    settled.append(index)
        self._advance(board.release(settled))
        if failed or self.tally.cost > self._threshold:
            self._look(tuple(failed), before)

    def _look(self, failed: tuple[str, ...], before: int) -> None:
        """Look at the trigger after a step. A finished execution without failures has nothing to mend."""
        trigger = look(failed, before, self.tally.cost, self._threshold)
        if trigger is not None and (failed or self._operations):
            self.trigger = trigger
            self.tally.triggers += 1

    def _charge(self, operation: ModelCall | ToolCall, result: Result) -> None:
        cost = self.tally.charge(operation, result, self._pool)
        self._trace.append(Performed(self.step, operation, result, cost))

    def _fail(self, index: int, failure: Failure, places: tuple[str, ...]) -> None:
        self._failed_at[self._board.plan.turns[index]] = places
        self._settle(index, FAILED, Output(failure.message, None, failure, b""))

    def _take_reply(self, index: int, reply: Reply) -> bool:
        """Take what a model said. Returns whether it settles the turn."""
        if reply.tool_uses:
            loop = self._loops[index]
            loop.asked = reply.tool_uses[: self._max_tool_steps - len(loop.history)]
            if loop.asked:
                return self._call_tools(index)
        text = reply.text
        purpose = self._board.plan.nodes[index].turn.purpose
        answer = gates.read(self._item.task, "extract", text) if purpose in _ANSWERS else None
        self._settle(index, DONE, Output(text, answer))
        return True

    def _settle(self, index: int, status: int, output: Output | None) -> None:
        board = self._board
        board.status[index], board.outputs[index] = status, output
        self._loops.pop(index, None)
        self._trace.append(
            Settled(self.step, board.plan.turns[index], STATUS[status], output.answer if output else None)
        )

    # Beginning turns.

    def _advance(self, free: list[int]) -> None:
        """Begin every turn that can begin; turns that settle at once may free others."""
        while free:
            settled = []
            for index in free:
                if self._begin(index):
                    settled.append(index)
            free = self._board.release(settled) if settled else []

    def _begin(self, index: int) -> bool:
        """Begin a turn. Returns whether it is settled at once."""
        board = self._board
        node = board.plan.nodes[index]
        status = board.gate(node, self._item.task) if node.gates else None
        if status is None and self._missing and node.turn.id in self._missing:
            status = SKIPPED
        if status is not None:
            self._settle(index, status, None)
            return True
        if node.pooled:
            self._settle(index, DONE, board.pooled(node, self._item.task))
            return True
        board.status[index] = RUNNING
        messages, wires = board.gather(node)
        self._loops[index] = Loop(messages, wires)
        return self._call_model(index)

    def _call_model(self, index: int) -> bool:
        """Ask for the next model call of a turn. Returns whether kept results settle the turn at once."""
        node, loop = self._board.plan.nodes[index], self._loops[index]
        turn, history = node.turn, loop.history
        if turn.tools and len(history) >= self._max_tool_steps:
            turn = replace(turn, tools=())  # none is left, so none is offered and the model can only answer
        backbone = self.system.assignment.backbones[turn.role]
        name = f"{turn.id}/{len(history)}"
        attempt = self._attempts.get(name, 0)
        body = loop.model_body(node.content, backbone, attempt)
        key, kept = self._memory.find(body)
        if kept is None:
            if attempt:
                name += f"~{attempt}"
            self._operations[name] = ModelCall(
                name, self._item, turn, backbone, loop.messages, history, attempt, key
            )
            return False
        if type(kept) is Reply:
            return self._take_reply(index, kept)
        assert type(kept) is Failure
        self._fail(index, kept, (name,))
        return True

    def _call_tools(self, index: int) -> bool:
        """Ask for the tools of a turn's present step, all at once. Returns as `_call_model` does.

        Where one of them is known to fail, the turn has failed, and the others are not performed.
        """
        loop = self._loops[index]
        calls = [self._tool_call(index, k) for k in range(len(loop.asked))]
        failures = [(call.id.partition("~")[0], kept) for call, kept in calls if type(kept) is Failure]
        if failures:
            self._fail(index, failures[0][1], tuple([place for place, _ in failures]))
            return True
        complete = False
        for k, (call, kept) in enumerate(calls):
            if type(kept) is ToolOutput:
                complete = loop.answer(k, kept.text)
            else:
                self._operations[call.id] = call
        return complete and self._call_model(index)

    def _tool_call(self, index: int, k: int) -> tuple[ToolCall, Result | None]:
        """The `k`-th tool call of a turn's present step, and its result where that is kept."""
        node, loop = self._board.plan.nodes[index], self._loops[index]
        name = f"{node.turn.id}/{len(loop.history)}.{k}"
        attempt = self._attempts.get(name, 0)
        body = loop.tool_body(node.content, k, attempt)
        key, kept = self._memory.find(body)
        if attempt:
            name += f"~{attempt}"
        return ToolCall(name, self._item, node.turn, loop.asked[k], attempt, key, k), kept
