"""The board of a running system: how far each turn of its plan is, what it left, and who may begin next."""

from collections.abc import Sequence
from typing import Final

from mas2_env.execution import gates
from mas2_env.execution.compile import Node, Plan, Ref
from mas2_env.execution.gates import BYPASSED, DONE, FAILED, RUNNING, SKIPPED, WAITING, Output
from mas2_env.execution.operation import Message, Relation, Turn
from mas2_env.task import Task

STATUS: Final = {
    WAITING: "waiting",
    RUNNING: "waiting",
    DONE: "done",
    FAILED: "failed",
    SKIPPED: "skipped",
    BYPASSED: "bypassed",
}


class Board:
    """Status and output of every turn of a plan; a turn is named by its index there.

    Attributes:
        plan: the compiled template.
        status: of each turn.
        outputs: what each settled turn left.
    """

    __slots__ = ("_waits", "_wires", "outputs", "plan", "status")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.status = [WAITING] * len(plan.nodes)
        self.outputs: list[Output | None] = [None] * len(plan.nodes)
        self._waits = list(plan.waits)
        self._wires: dict[tuple[int, str], tuple[Message, bytes]] = {}

    def fork(self) -> "Board":
        """A twin that goes its own way."""
        twin: Board = Board.__new__(Board)
        twin.plan = self.plan
        twin.status = self.status.copy()
        twin.outputs = self.outputs.copy()
        twin._waits = self._waits.copy()
        twin._wires = self._wires.copy()
        return twin

    def first(self) -> list[int]:
        """Turns that wait for no other."""
        return [index for index, waits in enumerate(self.plan.waits) if not waits]

    def release(self, settled: Sequence[int]) -> list[int]:
        """Turns that waited for the last of these, which were settled just now, in canonical order."""
        free = []
        waits, dependents = self._waits, self.plan.dependents
        for index in settled:
            for dependent in dependents[index]:
                left = waits[dependent] = waits[dependent] - 1
                if not left:
                    free.append(dependent)
        free.sort()
        return free

    def gate(self, node: Node, task: Task) -> int | None:
        """The status that a turn's gates settle it with, or None if it is to take place."""
        return gates.look(node, self.status, self.outputs, task)

    def pooled(self, node: Node, task: Task) -> Output:
        """What a vote comes to."""
        return gates.pool_votes(node, self.status, self.outputs, task)

    def gather(self, node: Node) -> tuple[tuple[Message, ...], bytes]:
        """The messages that a turn is given, and the same for keys."""
        if not node.refs:
            return (), b""
        refs: Sequence[Ref] = node.refs
        if node.gates:
            dropped = gates.dropped(node, self.outputs)
            refs = [ref for ref in refs if ref.name not in dropped]
        written = []
        status, known = self.status, self._wires
        for ref in refs:
            for index in ref.nodes:
                if status[index] == DONE:
                    written.append(known.get((index, ref.relation)) or self._write(index, ref.relation))
                    break
        return tuple([message for message, _ in written]), b"".join([wire for _, wire in written])

    def _write(self, index: int, relation: Relation) -> tuple[Message, bytes]:
        output, sender = self.outputs[index], self.plan.turns[index]
        assert output is not None
        mark = output.mark()
        message = Message(sender, relation, output.text, output.answer, mark)
        written = (message, f"{sender}/{relation}/".encode() + mark)
        self._wires[index, relation] = written
        return written

    def final(self) -> Output | None:
        """The output role's last reply, if it has made one."""
        for lane in self.plan.output:
            for index in reversed(lane):
                if self.status[index] == DONE:
                    return self.outputs[index]
        return None

    def turns(self) -> list[tuple[Turn, str, Output | None]]:
        """Every turn with its status in words and its output, in canonical order."""
        return [
            (node.turn, STATUS[status], output)
            for node, status, output in zip(self.plan.nodes, self.status, self.outputs, strict=True)
        ]

    def failed(self) -> tuple[str, ...]:
        """Ids of the turns that failed."""
        return tuple(
            [turn for turn, status in zip(self.plan.turns, self.status, strict=True) if status == FAILED]
        )
