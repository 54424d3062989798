"""HotpotQA: two-hop questions over ten paragraphs that are reached through a search tool."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.task import Document, Item, Score, ToolUse, Truth
from mas2_env.tools.search import READ, SEARCH, call_read, call_search
from mas2_tasks.files import Records
from mas2_tasks.hotpotqa_file import HotpotRecord, bare, distractors, published, read_hotpotqa
from mas2_tasks.hotpotqa_score import normalise, overlap
from mas2_tasks.procedural.draw import Draw, noise
from mas2_tasks.procedural.hops import question
from mas2_tasks.sources import SourcedTask

TOP = 2
SPREAD = 1.2
MOST_BODIES = 64
MOST_WORDS = 8
LONGEST_STEP = 300

_NONE = Score(False, 0.0, {"em": 0.0, "f1": 0.0, "precision": 0.0, "recall": 0.0})
_RIGHT = Score(True, 1.0, {"em": 1.0, "f1": 1.0, "precision": 1.0, "recall": 1.0})
_EMPHASIS = ("*", "_", "`")
_SAID = re.compile(r"(?i)\banswer\b[*_ ]*(?:is|:|-|=)[ *_]*(?::[ *_]*)?([^\n]+)")
_BOXED = re.compile(r"\\boxed\{([^{}]+)\}")


class Gold(Struct):
    """Official parts of an example, and texts made of them on demand (not part of the data).

    Attributes:
        type: `bridge` or `comparison`.
        level: `easy`, `medium` or `hard`.
        facts: supporting facts, (title, number of the sentence).
        sentences: of each paragraph, as published.
        form: the normalised answer.
        probes: search queries for the two hops.
        marks: for each title of the evidence, what shows that a text holds it.
        bodies: derivations by answer.
    """

    type: str
    level: str
    facts: tuple[tuple[str, int], ...]
    sentences: tuple[tuple[str, ...], ...]
    form: str
    probes: tuple[str, str]
    marks: tuple[tuple[str, ...], ...]
    bodies: dict[str, tuple[str, ...]] = {}


class HotpotQA(SourcedTask):
    """HotpotQA in the distractor setting; primary metric: exact match."""

    name = "HotpotQA"
    version = "1"
    title = "HotpotQA (distractor setting)"
    description = (
        "Questions that need facts from two of ten short articles; the articles are found by searching."
    )
    answer_format = (
        "End with one line `Answer: ...` that holds the shortest exact answer: "
        "a name, a date, a number, yes or no."
    )
    tools = (SEARCH, READ)
    reference_tokens = 120
    licence = "CC BY-SA 4.0 (HotpotQA); Apache-2.0 (procedural items)"
    citation = (
        "Yang et al. 2018. HotpotQA: A Dataset for Diverse, Explainable Multi-hop Question Answering. EMNLP. "
        "arXiv:1809.09600"
    )
    fetch = "download hotpot_dev_distractor_v1.json from https://hotpotqa.github.io"

    def _load(self, path: str) -> Records[HotpotRecord]:
        return read_hotpotqa(path)

    def _ids(self, records: Records[HotpotRecord]) -> Sequence[str]:
        return [record.key for record in records.rows]

    def _from_record(self, item_id: str, record: HotpotRecord) -> Item:
        paragraphs = record.paragraphs
        sentences = dict(paragraphs)
        facts = tuple(record.facts)
        steps = tuple(
            dict.fromkeys(
                sentences[title][number].strip()[:LONGEST_STEP]
                for title, number in facts
                if 0 <= number < len(sentences.get(title, ()))
            )
        )
        titles = tuple(dict.fromkeys(title for title, _ in facts))
        first, last = titles[0], titles[-1]
        hop = last if bare(first).lower() in record.question.lower() else first
        asked = " ".join(record.question.split()[-8:])
        second = hop if record.type == "comparison" else f"{hop} {asked}"
        answer = " ".join(record.answer.split())
        return self._build(
            item_id,
            record.question.strip(),
            paragraphs=tuple((title, tuple(texts)) for title, texts in paragraphs),
            facts=facts,
            truth=(answer, distractors(record), steps or (f"The articles give {answer}.",)),
            probes=(first if record.type == "comparison" else record.question.strip(), second),
            kind=(record.type, record.level),
            hardness=(-0.3 if record.type == "comparison" else 0.1) + 0.05 * min(4, len(answer.split()) - 1),
        )

    def _generate(self, item_id: str, index: int) -> Item:
        made = question(Draw(self.name, self.version, self.seed, index))
        return self._build(
            item_id,
            made.text,
            paragraphs=made.context,
            facts=made.facts,
            truth=(made.answer, made.distractors, made.steps),
            probes=made.probes,
            kind=(made.type, made.level),
            hardness=made.hardness,
        )

    def _build(
        self,
        item_id: str,
        query: str,
        paragraphs: tuple[tuple[str, tuple[str, ...]], ...],
        facts: tuple[tuple[str, int], ...],
        truth: tuple[str, tuple[str, ...], tuple[str, ...]],
        probes: tuple[str, str],
        kind: tuple[str, str],
        hardness: float,
    ) -> Item:
        answer, wrong, steps = truth
        evidence = tuple(dict.fromkeys(title for title, _ in facts))
        gold = Gold(
            type=kind[0],
            level=kind[1],
            facts=facts,
            sentences=tuple([texts for _, texts in paragraphs]),
            form=normalise(answer),
            probes=probes,
            marks=_marks(evidence, steps),
        )
        return Item(
            task=self,
            id=item_id,
            query=query,
            documents=tuple([Document(title, "".join(texts)) for title, texts in paragraphs]),
            truth=Truth(
                answer=answer,
                distractors=wrong,
                difficulty=hardness + SPREAD * noise(self.name, item_id),
                parts=2,
                evidence=evidence,
                steps=steps,
                gold=gold,
            ),
        )

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        titles = [document.title for document in item.documents]
        return published(item.id, item.query, item.truth.answer, item.truth.gold, titles)

    def extract(self, text: str) -> str | None:
        """What follows the last `Answer:`, else `the answer is`, a box, or a short reply as it stands."""
        place = text.rfind("Answer:")
        if place >= 0:
            found = _tidy(
                text[place + 7 :]
                .lstrip()
                .removeprefix("** ")
                .removeprefix("**\n")
                .lstrip()
                .partition("\n")[0]
            )
            if found:
                return found
        said = None
        for said in _SAID.finditer(text):  # noqa: B007
            pass
        if said is not None:
            return _tidy(said[1]) or None
        boxed = _BOXED.findall(text)
        if boxed:
            return str(boxed[-1]).strip() or None
        short = text.strip()
        lone = place < 0 and "\n" not in short and len(short.split()) <= MOST_WORDS
        return _tidy(short) or None if lone else None

    def score(self, item: Item, answer: str | None) -> Score:
        """Official exact match, with F1, precision and recall beside it."""
        if answer is None:
            return _NONE
        given, wanted = normalise(answer), item.truth.gold.form
        if given == wanted and given:
            return _RIGHT
        f1, precision, recall = overlap(given, wanted)
        exact = float(given == wanted)
        metrics = {"em": exact, "f1": f1, "precision": precision, "recall": recall}
        return Score(given == wanted, exact, metrics)

    def canonical(self, answer: str) -> str:
        """The official normal form."""
        return normalise(answer) or answer.strip().lower()

    def call(self, item: Item, tool: str, arguments: Mapping[str, Any]) -> str:
        """`search` and `read` over the item's paragraphs."""
        if tool == "search":
            return call_search(item.documents, arguments, TOP)
        if tool == "read":
            return call_read(item.documents, arguments)
        return f"error: there is no tool named {tool!r}; there are search and read"

    def reply(self, item: Item, answer: str, draw: int) -> str:
        """A short derivation and the answer line; a wrong answer comes with the article it was taken from."""
        gold: Gold = item.truth.gold
        bodies = gold.bodies.get(answer) or self._bodies(item, gold, answer)
        opener = _OPENERS[draw & 15]
        return f"{opener}{bodies[(draw >> 4) % len(bodies)]}{_CLOSERS[(draw >> 8) & 7]}\nAnswer: {answer}"

    def _bodies(self, item: Item, gold: Gold, answer: str) -> tuple[str, ...]:
        truth = item.truth
        if gold.form == normalise(answer):
            steps = truth.steps
        else:
            begun = (step for step in truth.steps[:1] if truth.answer not in step)
            steps = (*begun, *_astray(item, answer)) or (f"Everything points to {answer}.",)
        first, last = steps[0], steps[-1]
        bodies: tuple[str, ...] = (first, f"What matters is this: {first}", f"- {first}")
        if len(steps) > 1:
            bodies = (
                " ".join(steps),
                f"First, {first}\nThen, {last}",
                f"- {first}\n- {last}",
                f"One fact is this: {first} Another is: {last}",
            )
        if len(gold.bodies) >= MOST_BODIES:
            gold.bodies.clear()
        gold.bodies[answer] = bodies
        return bodies

    def probe(self, item: Item, answer: str, step: int) -> ToolUse | None:
        """A search for the first hop, then one for the second; on a wrong track, for what is asked last."""
        if step > 1 or step < 0:
            return None
        query = item.truth.gold.probes[step]
        if step == 1 and item.truth.gold.type == "bridge" and answer != item.truth.answer:
            query = " ".join(item.query.split()[-8:])
        return ToolUse("search", msgspec.json.encode({"query": query}).decode())

    def informed(self, item: Item, texts: Sequence[str]) -> float:
        """Share of the supporting articles that were shown or quoted."""
        marks = item.truth.gold.marks
        seen = sum(any(mark in text for text in texts for mark in group) for group in marks)
        return seen / len(marks)


def _after(text: str, place: int) -> str:
    """The line after `Answer:` at `place`, or the next one that is not empty."""
    tail = text[place + len("Answer:") :].lstrip()
    if tail.startswith(("** ", "**\n")):
        tail = tail[2:].lstrip()
    return tail.partition("\n")[0]


def _marks(evidence: tuple[str, ...], steps: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """An article was seen if its bracketed title or its supporting sentence stands in a text."""
    paired = len(steps) == len(evidence)
    return tuple(
        [(f"[{title}]", steps[i]) if paired else (f"[{title}]",) for i, title in enumerate(evidence)]
    )


def _tidy(text: str) -> str:
    """Without white space and marks of emphasis around it; half a pair counts if the rest is cut off."""
    text = text.strip()
    if text[:1] not in _EMPHASIS and text[-1:] not in _EMPHASIS:
        return text
    for mark in ("**", "__", "`", "*", "_"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
    if text.count("**") == 1:
        text = text.removeprefix("**").removesuffix("**").strip()
    return text


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


_OPENERS = (
    "",
    "",
    "Let me go through what is known. ",
    "Two facts are needed here. ",
    "Looking at the question step by step. ",
    "Taking the names in the question one by one. ",
    "Here is what I found. ",
    "To answer this, I combine two facts. ",
    "Reasoning: ",
    "In short: ",
    "The question has two hops. ",
    "Let us take it in order. ",
    "The facts that matter are these. ",
    "We need to connect two pieces of information. ",
    "Step by step: ",
    "Thinking it through. ",
)
_CLOSERS = (
    "",
    " That settles it.",
    "\nSo this is the answer.",
    " This answers the question.",
    "",
    "\nHence:",
    " From this the answer follows.",
    "\nPutting both together:",
)
