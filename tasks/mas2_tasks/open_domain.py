"""Open-domain question answering: procedural items bring documents, those of a file are closed book."""

from abc import abstractmethod
from functools import cached_property
from typing import Any

from mas2_env.task import Document, Item, Score, SourceName, SplitName, Truth
from mas2_tasks.answer_pool import AnswerPool, Asked
from mas2_tasks.procedural.coins import item_draw
from mas2_tasks.procedural.draw import Draw, noise
from mas2_tasks.procedural.open_domain import OpenQuestion
from mas2_tasks.questions import SPREAD, Gold, QuestionTask

CORPUS = ("Wikipedia",)
"""The evidence of items without documents: what their answers were taken from, and what is not at hand."""

_NONE = Score(False, 0.0, {"em": 0.0})
_RIGHT = Score(True, 1.0, {"em": 1.0})


class OpenDomain(QuestionTask):
    """Questions whose official form has no documents; success is an exact match with an accepted answer.

    Procedural items carry twenty to thirty articles and are answered by searching them. Items of a file have
    none: the task then offers no tools, and simulated agents answer from what they recall.
    """

    def __init__(
        self,
        source: SourceName = "procedural",
        path: str | None = None,
        seed: int = 0,
        split: SplitName = "all",
    ) -> None:
        super().__init__(source, path, seed, split)
        if source != "procedural":
            self.tools = ()

    @abstractmethod
    def _asked(self, record: Any) -> Asked:
        """The question of a record and its accepted answers, white space joined."""

    @abstractmethod
    def _question(self, draw: Draw) -> OpenQuestion:
        """The procedural question of a stream of draws."""

    @cached_property
    def _pools(self) -> tuple[AnswerPool, AnswerPool]:
        """Answers of the published test set or file, and of training sets.

        An item's wrong answers are the same then, whatever else was read.
        """
        asked = [] if self._records is None else [self._asked(row) for row in self._records.rows]
        border = self._border
        return AnswerPool(asked[:border], self.normal), AnswerPool(asked[border:], self.normal)

    @property
    def _border(self) -> int:
        return len(self._names) if self._hub is None else self._hub.published

    def _from_record(self, item_id: str, record: Any) -> Item:
        asked = self._asked(record)
        answer = asked.answers[0]
        hardness = 0.1 * min(4, len(answer.split()) - 1) - 0.1 * min(4, len(asked.answers) - 1)
        truth = Truth(
            answer=answer,
            distractors=self._pools[self._index[item_id] >= self._border].distractors(item_id, asked),
            difficulty=hardness + SPREAD * noise(self.name, item_id),
            evidence=CORPUS,
            steps=(f"From memory, it is {answer}.",),
            gold=self._gold(asked.answers),
        )
        return Item(task=self, id=item_id, query=asked.question, truth=truth)

    def _generate(self, item_id: str, index: int) -> Item:
        made = self._question(item_draw(self.name, self.version, self.seed, index))
        truth = Truth(
            answer=made.answers[0],
            distractors=made.distractors,
            difficulty=made.hardness + SPREAD * noise(self.name, item_id),
            parts=made.parts,
            evidence=made.evidence,
            steps=made.steps,
            gold=self._gold(
                made.answers,
                sentences=tuple([texts for _, texts in made.documents]),
                probes=made.probes,
                follows=made.parts > 1,
                marks=made.marks,
            ),
        )
        documents = tuple([Document(title, "".join(texts)) for title, texts in made.documents])
        return Item(task=self, id=item_id, query=made.text, documents=documents, truth=truth)

    def _gold(self, answers: tuple[str, ...], **parts: Any) -> "OpenGold":
        return OpenGold(answers=answers, forms=tuple([self.normal(answer) for answer in answers]), **parts)

    def score(self, item: Item, answer: str | None) -> Score:
        """Exact match with any of the accepted answers, in the official normal form."""
        return _RIGHT if answer is not None and self.normal(answer) in item.truth.gold.forms else _NONE


class OpenGold(Gold, kw_only=True):
    """The accepted answers, and what simulated agents make of the item."""

    answers: tuple[str, ...]
