"""Problems made of problems: two in a relay, and one with a turn at its end."""

import re
from fractions import Fraction

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.latex import show, signed, times
from mas2_tasks.procedural.puzzle import Puzzle, number

_VALUE = re.compile(r"(-?)(?:(\d+)|\\frac\{(\d+)\}\{(\d+)\})")
LARGEST = 10**7
"""Answers beyond this are not carried on."""


def value_of(answer: str) -> Fraction | None:
    """The number that an answer is, or None."""
    found = _VALUE.fullmatch(answer)
    if found is None:
        return None
    size = Fraction(int(found[2] or found[3]), int(found[4] or 1))
    return -size if found[1] else size


def relay(draw: Draw, one: Puzzle, other: Puzzle) -> Puzzle:
    """Both in one, which asks for a combination of their answers; the first where they are no numbers."""
    first, second = value_of(one.answer), value_of(other.answer)
    small = first is not None and second is not None and max(abs(first), abs(second)) <= LARGEST
    if first is None or second is None or not small or one.text == other.text:
        return one
    a, b = draw.between(1, 5), draw.between(1, 5) * draw.pick((1, -1))
    names = draw.pick((("A", "B"), ("P", "Q"), ("M", "N"), ("S", "T"), ("U", "V")))
    asked = _combined(a, b, names)
    text = draw.pick(_RELAYS).format(one=one.text, other=other.text, a=names[0], b=names[1], asked=asked)
    value = a * first + b * second
    steps = [
        *one.steps,
        f"So ${names[0]} = {show(first)}$.",
        *other.steps,
        f"So ${names[1]} = {show(second)}$.",
        f"Then ${asked} = {show(value)}$.",
    ]
    wrong = [a * first - b * second, b * first + a * second]
    wrong += [a * slip + b * second for slip in map(value_of, one.wrong) if slip is not None]
    wrong += [a * first + b * slip for slip in map(value_of, other.wrong) if slip is not None]
    return number(text, value, steps, wrong[:6])


def _combined(a: int, b: int, names: tuple[str, str]) -> str:
    tail = times(abs(b), names[1])
    return f"{times(a, names[0])} {'-' if b < 0 else '+'} {tail}"


_RELAYS = (
    "Let ${a}$ be the answer to the first question and ${b}$ that to the second. (i) {one} (ii) {other} "
    "What is ${asked}$?",
    "(i) {one} Call the answer ${a}$. (ii) {other} Call this answer ${b}$. Find ${asked}$.",
    "Consider two problems. First: {one} Second: {other} If their answers are ${a}$ and ${b}$ in this "
    "order, compute ${asked}$.",
    "In a relay, the first runner solves this: {one} The second solves this: {other} With ${a}$ and "
    "${b}$ for what they find, the last one must give ${asked}$. What is that?",
    "{one} Denote the result by ${a}$. {other} Denote the result by ${b}$. Determine ${asked}$.",
)


def turned(made: Puzzle, page: int, draw: Draw) -> Puzzle:
    """The problem with a last step that is its page's own, or with a number where it asks for none."""
    value = value_of(made.answer)
    factor, term = 2 + page % 8, (page // 8 + 1) * (1 if page // 8 % 2 else -1)
    asked = f"{times(factor, 'N')} {signed(term)}"
    if value is None:
        told = draw.pick(_NUMBERED).format(page=page)
        return Puzzle(f"{told} {made.text}", made.answer, made.steps, made.wrong)
    text = f"{made.text} " + draw.pick(_TURNS).format(asked=asked)
    result = factor * value + term
    steps = [*made.steps, f"With $N = {show(value)}$, ${asked} = {show(result)}$."]
    wrong = [value, factor * value - term]
    wrong += [factor * slip + term for slip in map(value_of, made.wrong) if slip is not None]
    return number(text, result, steps, wrong)


_TURNS = (
    "If the answer is $N$, what is ${asked}$?",
    "With $N$ for the answer, find ${asked}$.",
    "Let $N$ be the answer, and compute ${asked}$.",
    "Give the value of ${asked}$, where $N$ is the answer.",
)
_NUMBERED = ("Problem {page}.", "Exercise {page}.", "Question {page}.", "Round {page}.")
