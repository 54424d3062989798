"""HotpotQA: two-hop questions over ten paragraphs that are reached through a search tool."""

from collections.abc import Sequence
from typing import Any

from mas2_env.records import Records
from mas2_env.task import Document, Item, Score, Task, Truth
from mas2_tasks import questions
from mas2_tasks.answers import normalise
from mas2_tasks.hotpotqa_file import HotpotRecord, bare, distractors, published, read_hotpotqa
from mas2_tasks.hotpotqa_score import overlap
from mas2_tasks.procedural.coins import item_draw
from mas2_tasks.procedural.draw import noise
from mas2_tasks.procedural.hops import question
from mas2_tasks.question_wording import HOTPOTQA
from mas2_tasks.questions import LONGEST_STEP, SPREAD, QuestionTask, marks_of

_NONE = Score(False, 0.0, {"em": 0.0, "f1": 0.0, "precision": 0.0, "recall": 0.0})
_RIGHT = Score(True, 1.0, {"em": 1.0, "f1": 1.0, "precision": 1.0, "recall": 1.0})


class Gold(questions.Gold, kw_only=True):
    """Official parts of an example, and what simulated agents make of them.

    Attributes:
        type: `bridge` or `comparison`.
        level: `easy`, `medium` or `hard`.
        facts: supporting facts, (title, number of the sentence).
    """

    type: str
    level: str
    facts: tuple[tuple[str, int], ...]


class HotpotQA(QuestionTask):
    """HotpotQA in the distractor setting; primary metric: exact match."""

    name = "HotpotQA"
    version = "2"
    title = "HotpotQA (distractor setting)"
    description = (
        "Questions that need facts from two of ten short articles; the articles are found by searching."
    )
    top = 2
    wording = HOTPOTQA
    scorer = "mas2_tasks.scorers:HotpotQAScorer"
    reference_tokens = 120
    metric = "exact match"
    licence = "CC BY-SA 4.0 (HotpotQA); Apache-2.0 (procedural items)"
    citation = (
        "Yang et al. 2018. HotpotQA: A Dataset for Diverse, Explainable Multi-hop Question Answering. EMNLP. "
        "arXiv:1809.09600"
    )
    fetch = "download hotpot_dev_distractor_v1.json from https://hotpotqa.github.io"

    @classmethod
    def to_score(cls) -> type[Task]:
        """One that takes files without paragraphs as well: answers and facts are all that scoring needs."""
        return HotpotReferences

    def _load(self, path: str) -> Records[HotpotRecord]:
        return read_hotpotqa(path)

    def _ids(self, records: Records[HotpotRecord]) -> Sequence[str]:
        return [record.key for record in records.rows]

    def _content(self, record: HotpotRecord) -> str:
        return record.question

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
        made = question(item_draw(self.name, self.version, self.seed, index))
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
            forms=(normalise(answer),),
            probes=probes,
            follows=kind[0] == "bridge",
            marks=marks_of(evidence, steps),
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

    def score(self, item: Item, answer: str | None) -> Score:
        """Official exact match, with F1, precision and recall beside it."""
        if answer is None:
            return _NONE
        given, wanted = normalise(answer), item.truth.gold.forms[0]
        if given == wanted and given:
            return _RIGHT
        f1, precision, recall = overlap(given, wanted)
        exact = float(given == wanted)
        metrics = {"em": exact, "f1": f1, "precision": precision, "recall": recall}
        return Score(given == wanted, exact, metrics)


class HotpotReferences(HotpotQA):
    """HotpotQA's questions, answers and supporting facts, to score predictions with."""

    def _load(self, path: str) -> Records[HotpotRecord]:
        return read_hotpotqa(path, context=False)
