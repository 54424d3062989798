"""What decides, while a system runs, whether a turn takes place: agreement, rankings, reviews, routes.

Reviews, rankings and routes are read out of what models wrote. The readers are lenient and never fail:

- a review sends the work back if the first of the words `approve` and `revise` in it is `revise`;
- a ranking or a route chooses the names it mentions first, as whole words; names that are missing are filled
  up in declared order.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from mas2_env.errors import Breakdown, TaskError
from mas2_env.execution.compile import Chosen, Fed, Kept, Node, Present, Quorum, Sent
from mas2_env.execution.memory import digest
from mas2_env.execution.operation import Failure
from mas2_env.task import Task

WAITING: Final = 0
RUNNING: Final = 1
DONE: Final = 2
FAILED: Final = 3
SKIPPED: Final = 4
BYPASSED: Final = 5

_VERDICT = re.compile(r"\b(approve|revise)", re.IGNORECASE)


class Output(Struct, gc=False):
    """What a settled turn left: its text and the answer in it.

    `digest` stands for the text in keys; it and `form`, the answer's canonical form, are worked out when they
    are first asked for.
    """

    text: str
    answer: str | None
    failure: Failure | None = None
    digest: bytes | None = None
    form: str | None = None

    def mark(self) -> bytes:
        """What stands for the text in keys."""
        if self.digest is None:
            self.digest = digest(self.text)
        return self.digest

    def canonical(self, task: Task) -> str | None:
        """The canonical form of the answer, None without one."""
        if self.form is None and self.answer is not None:
            self.form = read(task, "canonical", self.answer)
        return self.form


def read(task: Task, what: Literal["extract", "canonical"], text: str) -> str | None:
    """What the task reads in a text.

    Raises:
        Breakdown: if the task raises, which is neither the policy's nor the system's doing.
    """
    try:
        found: str | None = getattr(task, what)(text)
        if found is not None and not isinstance(found, str):
            raise TypeError(f"it gave a {type(found).__name__}, expected a text or None")
    except Breakdown:
        raise
    except Exception as error:
        raise TaskError(f"{task.name}.{what} raised {type(error).__name__}: {error}") from error
    return found


def look(node: Node, status: Sequence[int], outputs: Sequence[Output | None], task: Task) -> int | None:
    """The status that a turn's gates settle it with, or None if it is to take place."""
    for gate in node.gates:
        kind = type(gate)
        if kind is Fed:
            assert isinstance(gate, Fed)
            if all(status[i] == BYPASSED for i in gate.nodes):
                return BYPASSED
        elif kind is Chosen:
            assert isinstance(gate, Chosen)
            if status[gate.source] == BYPASSED or gate.name not in _named_by(
                outputs[gate.source], gate.options, gate.choose
            ):
                return BYPASSED
        elif _skips(gate, status, outputs, task):
            return SKIPPED
    return None


def _skips(gate: object, status: Sequence[int], outputs: Sequence[Output | None], task: Task) -> bool:
    match gate:
        case Quorum(lanes=lanes, share=share):
            return _agreed(lanes, share, status, outputs, task)
        case Kept(ranker=ranker):
            return status[ranker] == DONE and gate.name in _left_out(gate, outputs)
        case Sent(review=review):
            output = outputs[review]
            return status[review] != DONE or output is None or not sends_back(output.text)
        case Present(nodes=nodes):
            return not any(status[i] == DONE for i in nodes)
    raise TypeError(f"{gate!r} is not a gate")


def _agreed(
    lanes: Sequence[Sequence[int]],
    share: float,
    status: Sequence[int],
    outputs: Sequence[Output | None],
    task: Task,
) -> bool:
    counts: dict[str, int] = {}
    for lane in lanes:
        for index in reversed(lane):
            output = outputs[index]
            if status[index] == DONE and output is not None:
                form = output.canonical(task)
                if form is not None:
                    counts[form] = counts.get(form, 0) + 1
                break
    return bool(counts) and max(counts.values()) > share * len(lanes)


def dropped(node: Node, outputs: Sequence[Output | None]) -> frozenset[str]:
    """Names of the participants that are out of the debate at this turn."""
    for gate in node.gates:
        if type(gate) is Kept and outputs[gate.ranker] is not None:
            return _left_out(gate, outputs)
    return frozenset()


def _left_out(gate: Kept, outputs: Sequence[Output | None]) -> frozenset[str]:
    output = outputs[gate.ranker]
    if output is None or output.failure is not None:
        return frozenset()
    return frozenset(gate.options) - _named_by(output, gate.options, gate.keep)


def _named_by(output: Output | None, options: tuple[str, ...], count: int) -> frozenset[str]:
    text = output.text if output is not None and output.failure is None else ""
    return frozenset(choose(text, options, count))


@lru_cache(maxsize=1024)
def choose(text: str, options: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The first `count` of the options that a text mentions, filled up in declared order."""
    mentioned = list(dict.fromkeys(_names(options).findall(text)))[:count]
    rest = [name for name in options if name not in mentioned]
    return tuple(mentioned + rest[: count - len(mentioned)])


@lru_cache(maxsize=256)
def _names(options: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(options, key=len, reverse=True)
    return re.compile(r"(?<![\w#-])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w#-])")


def sends_back(review: str) -> bool:
    """Whether a review sends the work back; one without a verdict does not."""
    verdict = _VERDICT.search(review)
    return verdict is not None and verdict[1].lower() == "revise"


def pool_votes(node: Node, status: Sequence[int], outputs: Sequence[Output | None], task: Task) -> Output:
    """The plurality of a vote's sources; ties go to the answer that comes first in canonical order."""
    counts: dict[str, int] = {}
    first: dict[str, Output] = {}
    for ref in node.refs:
        for index in ref.nodes:
            output = outputs[index]
            if status[index] != DONE or output is None:
                continue
            form = output.canonical(task)
            if form is not None:
                counts[form] = counts.get(form, 0) + 1
                first.setdefault(form, output)
            break
    if not counts:
        return Output("No answer was given.", None, None, b"")
    winner = max(counts, key=counts.__getitem__)
    output = first[winner]
    share = f"{counts[winner]} of {len(node.refs)}"
    text = f"{share} votes for:\n{output.text}"
    return Output(text, output.answer, None, share.encode() + output.mark(), winner)
