r"""MATH's records, the way to their answers, and wrong answers for them."""

import re
from fractions import Fraction

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records
from mas2_tasks.math_text import last_box, unboxed
from mas2_tasks.procedural.latex import show

MOST_DISTRACTORS = 6

_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z$\\])")
_NUMBER = re.compile(r"(?<![\\a-zA-Z\d])\d+(?!\d)")
_INTEGER = re.compile(r"-?\d+")
_FRACTION = re.compile(r"(-?)\\d?frac\{(\d+)\}\{(\d+)\}")
_NAME = re.compile(r"\b[A-Z][a-z]{2,}\b")
_CHOICE = re.compile(r"(?:\\text\{)?\(?([A-F])\)?\}?")
_CALCULATION = re.compile(
    r"\d+(?:\.\d+)?(?:\s*(?:[-+*/]|\\cdot|\\times|\\div)\s*\d+(?:\.\d+)?)+(?![\^\d{!_]|\.\d)"
)
_BEGINS = re.compile(r"(?:\A|[$=.:;(\n]|[a-z]{2} )\s*\Z")


class Problem(Struct, frozen=True):
    """One record, in the form of MATH-500."""

    problem: str
    solution: str
    answer: str
    subject: str
    level: int
    unique_id: str


def read_math(path: str) -> Records[Problem]:
    """Read a file in the form of MATH-500.

    Raises:
        DataError: naming the line, if a record lacks a problem, an answer or an id, or has no such level.
    """
    records = read_records(path, Problem)
    for index, record in enumerate(records.rows):
        for field in ("problem", "answer", "unique_id"):
            if not getattr(record, field).strip():
                raise DataError(f"{records.place(index)}: `{field}` is empty")
        if not 1 <= record.level <= 5:
            raise DataError(f"{records.place(index)}: `level` must be from 1 to 5, got {record.level}")
    return records


def derivation(record: Problem) -> tuple[str, ...]:
    """The solution's sentences, without drawings and boxes; the last one that gives the answer ends it."""
    told = []
    for part in _DRAWING.sub("", record.solution).split("\n\n"):
        for sentence in _SENTENCE.split(part.strip()):
            if sentence.strip():
                told.append(sentence.strip())
                if last_box(sentence) is not None:
                    return tuple([unboxed(one) for one in told])
    return tuple([unboxed(one) for one in told]) or (f"The answer is ${record.answer}$.",)


def calculations(text: str, most: int = 4) -> tuple[str, ...]:
    """Plain arithmetic that stands in a text, in the calculator's form, in order."""
    found = []
    for match in _CALCULATION.finditer(text):
        if not _BEGINS.search(text, max(0, match.start() - 8), match.start()):
            continue
        written = match[0].replace("\\cdot", "*").replace("\\times", "*").replace("\\div", "/")
        if not re.search(r"/\s*0", written):
            found.append(" ".join(written.split()))
            if len(found) == most:
                break
    return tuple(dict.fromkeys(found))


def distractors(record: Problem) -> tuple[str, ...]:
    """Plausible wrong answers of the same form: other results of the solution, slips of sign, one off."""
    answer = record.answer.strip()
    found: list[str] = []
    if _INTEGER.fullmatch(answer):
        value = int(answer)
        inside = [int(number) for number in _NUMBER.findall(record.solution)[::-1] if len(number) < 9]
        found = [
            str(number) for number in inside if 1 < number != abs(value) and number <= 40 * abs(value) + 9
        ][:2]
        found += [str(value + 1), str(2 * value), str(-value), str(value - 1), str(value + 10)]
    elif fraction := _FRACTION.fullmatch(answer):
        sign, top, bottom = fraction[1], int(fraction[2]), int(fraction[3])
        if top and bottom:
            share = Fraction(-top if sign else top, bottom)
            others = (1 / share, 1 - share, -share, 2 * share, share / 2, Fraction(top + 1, bottom))
            found = [show(other) for other in others if other not in (share, 0)]
    elif choice := _CHOICE.fullmatch(answer):
        found = [answer.replace(choice[1], letter) for letter in "ABCDEF" if letter != choice[1]]
    else:
        found = _altered(answer)
    if len(found) < 2 and "\\text" in answer:
        names = dict.fromkeys(_NAME.findall(_DRAWING.sub("", record.problem)))
        found += [f"\\text{{{name}}}" for name in names if name not in answer]
    found += ["0", "1", "-1", "2"] if len(found) < 3 else []
    wrong = dict.fromkeys(one for one in found if one != answer)
    return tuple(list(wrong)[:MOST_DISTRACTORS])


def _altered(answer: str) -> list[str]:
    """An answer with one of its numbers off by one, or a sign turned."""
    found = []
    for match in list(_NUMBER.finditer(answer))[::-1]:
        if answer[: match.start()].endswith(("_", "_{", "}^", "}^{")):  # a base, or the power of a unit
            continue
        found.append(f"{answer[: match.start()]}{int(match[0]) + 1}{answer[match.end() :]}")
    for one, other in (("+", "-"), ("-", "+")):
        place = answer.find(one, 1)
        if place > 0 and answer[place - 1] not in "({[,":
            found.append(answer[:place] + other + answer[place + 1 :])
    if answer[0] not in "([{-\\" and "=" not in answer and not _CHOICE.fullmatch(answer):
        found.append(f"-{answer}")
    return found
