"""Wrong answers for questions that come without documents: the right ones of other questions of the file."""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw

MOST_DISTRACTORS = 6
DRAWN = 24

_MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_YEAR = re.compile(r"(?:in )?[12]\d{3}(?:s| (?:AD|BC))?")
_COUNTED = re.compile(
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|[a-z]+ty)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\b(who|whose|whom|when|where|which|what|how|why)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_SAME = {"whose": "who", "whom": "who", "which": "what"}


class Asked(Struct, frozen=True):
    """A question with its accepted answers, the first of which simulated agents give."""

    question: str
    answers: tuple[str, ...]


def kind_of(answer: str) -> str:
    """`truth` (yes or no), `date`, `year`, `number` or `name`."""
    if answer.lower().rstrip(".") in ("yes", "no"):
        return "truth"
    if _MONTH.search(answer) and _DIGITS.search(answer):
        return "date"
    if _YEAR.fullmatch(answer):
        return "year"
    return "number" if answer[:1].isdigit() or _COUNTED.match(answer) else "name"


def _keys(asked: Asked) -> tuple[tuple[str, ...], ...]:
    """Classes that an answer belongs to, the narrowest first."""
    answer = asked.answers[0]
    kind, found = kind_of(answer), _ASKED.search(asked.question)
    word = found[1].lower() if found else ""
    length = str(min(4, len(answer.split())))
    case = "proper" if answer[:1].isupper() else "common"
    word = _SAME.get(word, word)
    return ((kind, word, case, length), (kind, case, length), (kind, case), (kind,))


class AnswerPool:
    """The answers of a file by class, from which wrong ones are drawn, for each item by its id.

    Args:
        items: all questions of the file, in order.
        normal: the form in which the scorer compares answers.
    """

    def __init__(self, items: Sequence[Asked], normal: Callable[[str], str]) -> None:
        self._normal = normal
        classes: dict[tuple[str, ...], dict[str, str]] = {}
        for asked in items:
            answer = asked.answers[0]
            form = normal(answer)
            for key in _keys(asked) if form else ():
                classes.setdefault(key, {}).setdefault(form, answer)
        self._drawn = {key: tuple(answers.values()) for key, answers in classes.items()}

    def distractors(self, item_id: str, asked: Asked) -> tuple[str, ...]:
        """Up to six answers of other items, of the same class where there are enough; at least one."""
        right = {self._normal(answer) for answer in asked.answers}
        said = f" {self._normal(asked.question)} "
        wrong: dict[str, str] = {}
        for key in _keys(asked):
            for other in Draw("distractors", item_id, *key).some(self._drawn.get(key, ()), DRAWN):
                answer = _in_units(other, asked.answers[0]) if key[0] == "number" else other
                form = self._normal(answer)
                if form not in right and f" {form} " not in said:
                    wrong.setdefault(form, answer)
                if len(wrong) == MOST_DISTRACTORS:
                    return tuple(wrong.values())
        return tuple(wrong.values()) or (_otherwise(asked.answers[0], right, self._normal),)


def _in_units(number: str, answer: str) -> str:
    """The number with the words that the answer has around its own."""
    given, own = _NUMBER.search(number), _NUMBER.search(answer)
    return answer[: own.start()] + given[0] + answer[own.end() :] if given and own else number


def _otherwise(answer: str, right: set[str], normal: Callable[[str], str]) -> str:
    """A wrong answer where no other item has one of the kind: another number, or that it is not known."""
    if kind_of(answer) == "truth":
        return "no" if normal(answer) == "yes" else "yes"
    for step in range(1, len(right) + 2):
        other = _DIGITS.sub(lambda found: str(int(found[0][:15]) + step), answer, count=1)  # noqa: B023
        if normal(other) not in right:
            return other
    return "unknown" if "unknown" not in right else "nobody knows"
