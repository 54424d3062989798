"""NQ (open): questions people typed into a search engine, without the page that answers them."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from mas2_env.records import Records
from mas2_env.task import Item
from mas2_tasks.answer_pool import Asked
from mas2_tasks.answers import normalise
from mas2_tasks.nq_file import NQRecord, read_nq
from mas2_tasks.open_domain import OpenDomain
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.open_domain import OpenQuestion
from mas2_tasks.procedural.queries import query
from mas2_tasks.question_wording import NQ_OPEN


def nq_form(answer: str) -> str:
    """The form that ORQA's evaluation compares: unicode NFD, then SQuAD's normal form.

    It is the program that the data set's page names (google-research/language, `orqa/utils/eval_utils.py`).
    """
    return normalise(answer if answer.isascii() else unicodedata.normalize("NFD", answer))


def nq_match(prediction: str, gold: Sequence[str]) -> bool:
    """ORQA's exact match: whether a prediction equals any of the accepted answers."""
    given = nq_form(prediction)
    return any(given == nq_form(answer) for answer in gold)


class NQ(OpenDomain):
    """NQ-Open; primary metric: ORQA's exact match."""

    name = "NQ"
    version = "2"
    title = "Natural Questions (open)"
    description = (
        "Short factual questions as people typed them into a search engine; any accepted answer counts."
    )
    wording = NQ_OPEN
    scorer = "mas2_tasks.scorers:NQScorer"
    reference_tokens = 80
    metric = "exact match (ORQA)"
    licence = "CC BY-SA 3.0 (Natural Questions); Apache-2.0 (procedural items)"
    citation = (
        "Kwiatkowski et al. 2019. Natural Questions: A Benchmark for Question Answering Research. TACL; "
        "Lee et al. 2019. Latent Retrieval for Weakly Supervised Open Domain Question Answering. ACL. "
        "arXiv:1906.00300"
    )
    fetch = (
        "download nq_open/NQ-open.dev.jsonl from "
        "https://github.com/google-research-datasets/natural-questions"
    )

    def normal(self, answer: str) -> str:
        """The form that ORQA's evaluation compares."""
        return nq_form(answer)

    def _load(self, path: str) -> Records[NQRecord]:
        return read_nq(path)

    def _ids(self, records: Records[NQRecord]) -> Sequence[str]:
        return [f"nq/{records.split or 'dev'}/{line}" for line in records.lines]

    def _content(self, record: NQRecord) -> str:
        return record.question

    def _asked(self, record: NQRecord) -> Asked:
        return Asked(record.question.strip(), tuple([" ".join(answer.split()) for answer in record.answer]))

    def _question(self, draw: Draw) -> OpenQuestion:
        return query(draw)

    def record(self, item: Item) -> dict[str, Any]:
        """The item as a record of the published data set, with everything that is hidden."""
        return {"question": item.query, "answer": list(item.truth.gold.answers)}
