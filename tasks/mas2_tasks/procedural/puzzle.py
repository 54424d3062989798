"""What a family of mathematical problems makes: a text, its answer, the way there, and what slips lead to."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeAlias

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import Exact, show

MOST_WRONG = 6
FEWEST_WRONG = 3


class Puzzle(Struct, frozen=True):
    """One problem.

    Attributes:
        text: the question.
        answer: in LaTeX, without dollar signs.
        steps: sentences of a derivation, the last of which says the answer.
        wrong: answers that slips lead to, commonest first.
    """

    text: str
    answer: str
    steps: tuple[str, ...]
    wrong: tuple[str, ...]


Family: TypeAlias = Callable[[Draw, int], Puzzle]


def puzzle(text: str, answer: str, steps: Iterable[str], wrong: Iterable[str]) -> Puzzle:
    """A problem with an answer of any form; wrong answers that are the right one, or twice, are left out."""
    others = dict.fromkeys(wrong)
    others.pop(answer, None)
    return Puzzle(text, answer, tuple(steps), tuple(others)[:MOST_WRONG])


def number(text: str, value: Exact, steps: Iterable[str], wrong: Iterable[Exact]) -> Puzzle:
    """A problem whose answer is an integer or a fraction; near misses are added where slips coincide."""
    value = Fraction(value)
    others = dict.fromkeys(map(Fraction, wrong))
    others.pop(value, None)
    for near in (value + 1, value - 1, 2 * value, value / 2):
        if len(others) >= FEWEST_WRONG:
            break
        if near != value:
            others.setdefault(near)
    return Puzzle(text, show(value), tuple(steps), tuple(map(show, others))[:MOST_WRONG])


def ask(draw: Draw, what: str) -> str:
    """A request for a value, worded in one of several ways; `what` is a noun phrase."""
    return draw.pick(_ASKS).replace("{}", what)


_ASKS = (
    "Find {}.",
    "Compute {}.",
    "What is {}?",
    "Determine {}.",
    "Calculate {}.",
    "Find the value of {}.",
    "What is the value of {}?",
    "Evaluate {}.",
)
