"""NQ-Open's records."""

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records


class NQRecord(Struct, frozen=True):
    """One record, in the published form: a question and its accepted answers."""

    question: str
    answer: list[str]


def read_nq(path: str) -> Records[NQRecord]:
    """Read an NQ-Open file.

    Raises:
        DataError: naming the line, if a record lacks a question or has no answer, or one that says nothing.
    """
    records = read_records(path, NQRecord)
    for index, record in enumerate(records.rows):
        if not record.question.strip():
            raise DataError(f"{records.place(index)}: `question` is empty")
        if not record.answer:
            raise DataError(f"{records.place(index)}: `answer` is an empty list; expected accepted answers")
        if not all(answer.strip() for answer in record.answer):
            raise DataError(f"{records.place(index)}: `answer` holds an empty string")
    return records
