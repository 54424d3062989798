"""Bamboogle: two-hop questions that no single page answers."""

from collections.abc import Sequence
from typing import Any

from mas2_env.records import Records
from mas2_env.task import Item
from mas2_tasks.answer_pool import Asked
from mas2_tasks.answers import normalise
from mas2_tasks.bamboogle_file import BamboogleRecord, read_bamboogle
from mas2_tasks.open_domain import OpenDomain
from mas2_tasks.procedural.compositions import composition
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.open_domain import OpenQuestion
from mas2_tasks.question_wording import BAMBOOGLE


def bamboogle_match(prediction: str, gold: Sequence[str]) -> bool:
    """Exact match in SQuAD's normal form with any accepted answer.

    Bamboogle has no scorer of its own; this is the rule of those in use, Search-R1 and FlashRAG, which agree.
    """
    given = normalise(prediction)
    return any(given == normalise(answer) for answer in gold)


class Bamboogle(OpenDomain):
    """Bamboogle; primary metric: exact match."""

    name = "Bamboogle"
    version = "2"
    title = "Bamboogle"
    description = (
        "Compositional questions: one fact names a thing, another fact about that thing is asked for."
    )
    wording = BAMBOOGLE
    scorer = "mas2_tasks.scorers:BamboogleScorer"
    reference_tokens = 120
    metric = "exact match"
    licence = "MIT (Bamboogle); Apache-2.0 (procedural items)"
    citation = (
        "Press et al. 2023. Measuring and Narrowing the Compositionality Gap in Language Models. "
        "Findings of EMNLP. arXiv:2210.03350"
    )
    fetch = (
        "download the Bamboogle spreadsheet (linked at https://github.com/ofirpress/self-ask) as CSV, "
        "or save it as JSON Lines, with the fields Question and Answer"
    )

    def _load(self, path: str) -> Records[BamboogleRecord]:
        return read_bamboogle(path)

    def _ids(self, records: Records[BamboogleRecord]) -> Sequence[str]:
        return [f"bamboogle/test/{line}" for line in records.lines]

    def _content(self, record: BamboogleRecord) -> str:
        return record.question

    def _asked(self, record: BamboogleRecord) -> Asked:
        return Asked(record.question.strip(), (" ".join(record.answer.split()),))

    def _question(self, draw: Draw) -> OpenQuestion:
        return composition(draw)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        return {"Question": item.query, "Answer": item.truth.answer}
