"""Files of recorded replies, one JSON object a line, and what can be replayed of them.

Rows without a verdict are no answers (tool calls, reflections, tests): they are not replayed. A row of a
debate whose agent is `system` is the choice that the system made in the end.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from msgspec import Struct

from mas2_env.backends.transcripts import StrandKind, Strands, Written
from mas2_env.reward import count_tokens

CHOOSER = "system"
RIGHT = "(right)"
"""Stands for a right answer of which only the verdict was kept."""


class Row(Struct, frozen=True):
    """A line of the file. Fields that are not named here are passed over.

    Attributes:
        source: name of the recording; empty where it has none.
        benchmark: where the problem comes from.
        item_id: unique within the benchmark.
        model: name of the model.
        system: `single…` for a lone reply, `debate…` for a participant of a debate, anything else for a chain
            of attempts.
        response: what the model wrote; may be empty where only its answer was kept.
        correct: whether the answer is right; None where there is none to judge.
        agent: which participant or sample.
        round: of a debate; or the number of the trial or sample; from 0.
        question: the problem's text.
        gold: its reference answer.
        answer: the answer found in the response.
        prompt_tokens, completion_tokens: as counted; None to estimate them from the texts.
        meta: of what else stands there, `agents` counts: how many took part, where recordings of debates of
            several sizes share a system's name.
    """

    benchmark: str
    item_id: str
    model: str
    system: str
    response: str
    correct: bool | None
    source: str = ""
    agent: str | int = 0
    round: int = 0
    question: str | None = None
    gold: str | None = None
    answer: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    meta: dict[str, Any] | None = None

    @property
    def setting(self) -> str:
        """The system, with the number of its agents where that is recorded: `debate-persona/5`."""
        agents = (self.meta or {}).get("agents")
        return self.system if agents is None else f"{self.system}/{agents}"


def kind_of(system: str) -> StrandKind:
    """What the rows of a system are strands of."""
    for kind, prefix in (("samples", "single"), ("debate", "debate")):
        if system.startswith(prefix):
            return kind  # type: ignore[return-value]
    return "retry"


def strands_of(rows: Iterable[Row], whole: bool = False) -> Mapping[str, Strands]:
    """The strands of an item by model, of its rows in one system.

    `whole`: replies are answers as they stand, as code is; none was looked for in them.
    """
    graded = [row for row in rows if row.correct is not None]
    by_model = groupby(sorted(graded, key=lambda row: row.model), key=lambda row: row.model)
    return {model: _strands(list(group), whole) for model, group in by_model}


def _strands(rows: list[Row], whole: bool) -> Strands:
    kind = kind_of(rows[0].system)
    choice = next((row for row in rows if kind == "debate" and row.agent == CHOOSER), None)
    told = [row for row in rows if row is not choice]
    if kind == "samples":
        found = tuple((_written(row, whole),) for row in told)
        return Strands(kind, found)
    if kind == "retry":
        told.sort(key=lambda row: row.round)
        return Strands(kind, (tuple(_written(row, whole) for row in told),))
    lanes: dict[str | int, dict[int, Written]] = {}
    for row in told:
        lanes.setdefault(row.agent, {}).setdefault(row.round, _written(row, whole))
    complete = (lane for lane in lanes.values() if 0 in lane)
    strands = tuple(tuple(lane.get(turn) for turn in range(max(lane) + 1)) for lane in complete)
    return Strands(kind, strands, _written(choice, whole) if choice is not None else None)


def _written(row: Row, whole: bool) -> Written:
    answer = row.answer
    if answer is None and (row.correct or whole):
        answer = row.response or None
    if row.correct and row.gold is not None and "\n" not in row.gold:
        answer = row.gold  # all right answers are one answer, however they were written
    if row.correct and answer is None:
        answer = RIGHT
    text = row.response or (f"Answer: {answer}" if answer is not None else "(no answer)")
    return Written(
        text=text,
        answer=answer,
        correct=bool(row.correct),
        prompt_tokens=_count(row.prompt_tokens, row.question or ""),
        completion_tokens=_count(row.completion_tokens, text),
    )


def _count(tokens: int | None, text: str) -> int:
    return tokens if tokens is not None else count_tokens(text)
