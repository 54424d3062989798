"""What question answering has in common: search tools, the answer line, and how simulated agents speak."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from mas2_env.task import Item, ToolSpec, ToolUse
from mas2_env.tools.search import READ, SEARCH, call_read, call_search
from mas2_tasks.answers import normalise, read_answer
from mas2_tasks.question_wording import RECALLED, Wording
from mas2_tasks.sources import SourcedTask

SPREAD = 1.2
MOST_BODIES = 64
LONGEST_STEP = 300
ANSWER_LINE = (
    "End with one line `Answer: ...` that holds the shortest exact answer: "
    "a name, a date, a number, yes or no."
)


class Gold(Struct, kw_only=True):
    """Texts and forms made of an item on demand (not part of the data).

    Attributes:
        forms: the accepted answers in the form that is compared.
        sentences: of each document, as published.
        probes: search queries, one for each step.
        follows: whether later searches go by what the first led to.
        marks: for each title of the evidence, what shows that a text holds it.
        bodies: derivations by answer.
    """

    forms: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...] = ()
    probes: tuple[str, ...] = ()
    follows: bool = False
    marks: tuple[tuple[str, ...], ...] = ()
    bodies: dict[str, tuple[str, ...]] = {}


class QuestionTask(SourcedTask):
    """Questions over an item's documents, reached by `search` and `read`, or without any: closed book.

    The gold of an item's truth is a `Gold`.
    """

    tools: tuple[ToolSpec, ...] = (SEARCH, READ)
    answer_format = ANSWER_LINE
    top: ClassVar[int] = 3
    """Documents that a search returns."""
    wording: ClassVar[Wording]

    def normal(self, answer: str) -> str:
        """The form in which the official exact match compares answers."""
        return normalise(answer)

    def extract(self, text: str) -> str | None:
        """What follows the last `Answer:`, else `the answer is`, a box, or a short reply as it stands."""
        return read_answer(text)

    def canonical(self, answer: str) -> str:
        """The official normal form."""
        return self.normal(answer) or answer.strip().lower()

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """`search` and `read` over the item's documents, if it has any."""
        if tool not in ("search", "read"):
            return f"error: there is no tool named {tool!r}; there are search and read"
        if not item.documents:
            return f"error: no corpus is given, so there is nothing to {tool}; answer from memory"
        if tool == "search":
            return call_search(item.documents, arguments, self.top)
        return call_read(item.documents, arguments)

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A short derivation and the answer line; a wrong answer comes with the article it was taken from."""
        gold: Gold = item.truth.gold
        bodies = gold.bodies.get(answer) or self._bodies(item, gold, answer)
        wording = self.wording if item.documents else RECALLED
        opener, closer = wording.openers[draw & 15], wording.closers[(draw >> 8) & 7]
        return f"{opener}{bodies[(draw >> 4) % len(bodies)]}{closer}\nAnswer: {answer}"

    def _bodies(self, item: Item, gold: Gold, answer: str) -> tuple[str, ...]:
        bodies = self._derived(item, gold, answer) if item.documents else _recalled(answer)
        if len(gold.bodies) >= MOST_BODIES:
            gold.bodies.clear()
        gold.bodies[answer] = bodies
        return bodies

    def _derived(self, item: Item, gold: Gold, answer: str) -> tuple[str, ...]:
        truth = item.truth
        if self.normal(answer) in gold.forms:
            steps = truth.steps
        else:
            begun = (step for step in truth.steps[:1] if truth.answer not in step)
            steps = (*begun, *_astray(item, answer)) or (f"Everything points to {answer}.",)
        first, last = steps[0], steps[-1]
        if len(steps) == 1:
            return (first, f"What matters is this: {first}", f"- {first}")
        return (
            " ".join(steps),
            f"First, {first}\nThen, {last}",
            f"- {first}\n- {last}",
            f"One fact is this: {first} Another is: {last}",
        )

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """A search for each step; on a wrong track, from the second on, for what is asked last."""
        gold: Gold = item.truth.gold
        if not 0 <= step < len(gold.probes):
            return None
        query = gold.probes[step]
        if step > 0 and gold.follows and answer != item.truth.answer:
            query = " ".join(item.query.split()[-8:])
        return ToolUse("search", msgspec.json.encode({"query": query}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share of the evidence that was shown or quoted."""
        marks = item.truth.gold.marks
        seen = sum(any(mark in text for text in texts for mark in group) for group in marks)
        return seen / len(marks) if marks else 0.0


def marks_of(evidence: tuple[str, ...], steps: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """An article was seen if its bracketed title or its supporting sentence stands in a text."""
    paired = len(steps) == len(evidence)
    return tuple(
        [(f"[{title}]", steps[i]) if paired else (f"[{title}]",) for i, title in enumerate(evidence)]
    )


def _astray(item: Item, answer: str) -> tuple[str, ...]:
    """A sentence of the articles that an agent may have misread as giving the wrong answer."""
    right = item.truth.answer
    if answer.lower() in ("yes", "no"):
        same = "the same" if answer.lower() == "yes" else "not the same"
        return (f"Going by what is known of {' and '.join(item.truth.evidence)}, this is {same}.",)
    for texts in item.truth.gold.sentences:
        for text in texts:
            if answer in text and right not in text:
                return (text.strip(),)
    for document in item.documents:
        if document.title == answer:
            return (document.text[:LONGEST_STEP],) if right not in document.text else ()
    return ()


def _recalled(answer: str) -> tuple[str, ...]:
    """What an agent says that answers from memory."""
    return (
        f"As far as I remember, it is {answer}.",
        f"I recall {answer} in this connection.",
        f"This should be {answer}.",
        f"To the best of my knowledge: {answer}.",
        f"{answer} fits the question.",
    )
