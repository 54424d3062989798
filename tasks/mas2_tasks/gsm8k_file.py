"""GSM8K's records, and wrong answers for them."""

import re

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records
from mas2_tasks.gsm8k_score import openai_extract

MOST_DISTRACTORS = 6
MOST_DIGITS = 15
"""Characters of an answer; more than any has, and few enough for a float to tell it from the next."""

_MARK = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
_WHOLE = re.compile(r"\d+(?:\.\d+)?")
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?|\.\d+")


class Problem(Struct, frozen=True):
    """One record, in the published form."""

    question: str
    answer: str


def read_gsm8k(path: str) -> Records[Problem]:
    """Read a GSM8K file.

    Raises:
        DataError: naming the line, if a record lacks a question or its answer does not end in `#### N`.
    """
    records = read_records(path, Problem)
    for index, record in enumerate(records.rows):
        if not record.question.strip():
            raise DataError(f"{records.place(index)}: `question` is empty")
        answer = openai_extract(record.answer)
        if answer is None:
            raise DataError(f"{records.place(index)}: `answer` does not end in `#### N`")
        if len(answer) > MOST_DIGITS:
            raise DataError(
                f"{records.place(index)}: `answer` ends in a number of {len(answer)} characters, expected at "
                f"most {MOST_DIGITS}"
            )
    return records


def derivation(record: Problem) -> tuple[str, ...]:
    """The solution's lines, without the final answer."""
    lines = record.answer.partition("#### ")[0].split("\n")
    return tuple([line.strip() for line in lines if line.strip()])


def calculations(record: Problem) -> tuple[str, ...]:
    """The expressions that the solution marks, in order."""
    return tuple([expression.strip() for expression, _ in _MARK.findall(record.answer)])


def distractors(record: Problem, answer: str) -> tuple[str, ...]:
    """Results of plausible slips: an intermediate result, another last operation, off by a little."""
    results = [
        _PLAIN.fullmatch(value.replace(",", "").strip("$ ")) for _, value in _MARK.findall(record.answer)
    ]
    values = [_short(match[0]) for match in results if match]
    found = [value for value in reversed(values) if value != _short(answer)][:2]
    marked = _MARK.findall(record.answer)
    found += _otherwise(marked[-1][0]) if marked else []
    found += [_short(number) for number in _PLAIN.findall(record.question.replace(",", ""))[-2:]]
    number = float(answer)
    found += [_short(str(number + by)) for by in (1, 10, -1, 2, 100)]
    right = _short(answer)
    wrong = dict.fromkeys(value for value in found if value != right and _WHOLE.fullmatch(value))
    return tuple(list(wrong)[:MOST_DISTRACTORS]) or ("0",)


def _otherwise(expression: str) -> list[str]:
    """What the last calculation gives with another operation."""
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?|\.\d+", expression)]
    if len(numbers) != 2:
        return []
    a, b = numbers
    results = [a + b, a - b, a * b] + ([a / b] if b else [])
    return [_short(str(value)) for value in results if value > 0 and value == round(value, 2)][:2]


def _short(number: str) -> str:
    """Without a decimal part that says nothing."""
    value = float(number)
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else str(round(value, 2))
