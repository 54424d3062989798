"""Diagnostic items as data: parts, each a chain of steps, and a rule that combines what they come to."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw

Operator: TypeAlias = Literal["+", "-", "*", "//"]
Rule: TypeAlias = Literal["last", "total", "spread", "rest"]

LEAST, SMALL, LARGE = 12, 600, 20_000
"""Results are at least LEAST; up to SMALL a digit may multiply them, from LARGE on large numbers divide."""
MOST_TRIES = 200


class Step(Struct, frozen=True):
    """One step of a chain: what is done to the result so far; `//` drops the remainder."""

    operator: Operator
    operand: int
    large: bool = False


class Chain(Struct, frozen=True):
    """A part: its opening amount, as one number or several to be added, and what happens to it in order."""

    opening: tuple[int, ...]
    steps: tuple[Step, ...]


class Case(Struct, frozen=True):
    """All parts, and how their results are combined.

    `last` is the only one; `total` their sum; `spread` the largest less the smallest; `rest` the sum without
    the smallest.
    """

    chains: tuple[Chain, ...]
    rule: Rule


class Worked(Struct, frozen=True):
    """What a case comes to: the results of each part, the opening amount first, and the answer."""

    results: tuple[tuple[int, ...], ...]
    answer: int


def apply(step: Step, value: int) -> int:
    """The result of one step."""
    if step.operator == "+":
        return value + step.operand
    if step.operator == "-":
        return value - step.operand
    return value * step.operand if step.operator == "*" else value // step.operand


def work(chain: Chain) -> tuple[int, ...]:
    """The results of a part: the opening amount, then that of each step."""
    results = [sum(chain.opening)]
    for step in chain.steps:
        results.append(apply(step, results[-1]))
    return tuple(results)


def combine(rule: Rule, ends: Sequence[int]) -> int:
    """What the results of the parts come to."""
    if rule == "last":
        return ends[-1]
    if rule == "spread":
        return max(ends) - min(ends)
    return sum(ends) - (min(ends) if rule == "rest" else 0)


def solve(case: Case) -> Worked:
    """Work out a case."""
    results = tuple([work(chain) for chain in case.chains])
    return Worked(results, combine(case.rule, [values[-1] for values in results]))


def draw_case(draw: Draw, depth: int, breadth: int, large: int, entries: int, least: int) -> Case:
    """A case of `breadth` chains of `depth` steps.

    Args:
        draw: where choices come from.
        depth: steps of each part.
        breadth: parts.
        large: how many steps have large numbers.
        entries: of all records, openings included; more than there are steps and parts splits openings.
        least: the answer is at least this.

    Raises:
        ValueError: if none is found, which no setting of the dials leads to.
    """
    pieces = _pieces(draw, breadth, max(breadth, entries - depth * breadth))
    marked = set(draw.some(range(depth * breadth), large))
    rule: Rule = "last"
    if breadth > 1:
        rule = draw.pick(
            ("total", "total", "spread", "rest") if breadth > 2 else ("total", "total", "spread")
        )
    for _ in range(MOST_TRIES):
        chains = tuple(
            [
                _chain(draw, [part * depth + i in marked for i in range(depth)], count)
                for part, count in enumerate(pieces)
            ]
        )
        case = Case(chains, rule)
        worked = solve(case)
        if worked.answer >= least and len({values[-1] for values in worked.results}) == breadth:
            return case
    raise ValueError(f"no case of {depth} by {breadth} steps with an answer of at least {least}")


def _pieces(draw: Draw, breadth: int, count: int) -> list[int]:
    """Numbers of pieces that the openings are in, `count` together."""
    pieces = [count // breadth] * breadth
    for part in draw.some(range(breadth), count % breadth):
        pieces[part] += 1
    return pieces


def _chain(draw: Draw, marked: Sequence[bool], pieces: int) -> Chain:
    opening = tuple([draw.between(7, 60) if pieces > 1 else draw.between(24, 480) for _ in range(pieces)])
    value, before = sum(opening), ""
    steps: list[Step] = []
    for large in marked:
        step = _large(draw, value) if large else _small(draw, value, before)
        steps.append(step)
        before = step.operator
        value = apply(step, value)
    return Chain(opening, tuple(steps))


def _large(draw: Draw, value: int) -> Step:
    """A product or a quotient of numbers of several digits."""
    if value < LARGE:
        return Step("*", draw.between(103, 4999), True)
    return Step("//", draw.between(13, min(997, value // 40)), True)


def _small(draw: Draw, value: int, before: str) -> Step:
    """A step that is done in the head; not twice in a row one that adds, or one that multiplies."""
    additive = before in ("*", "//") or (before == "" and draw.random() < 0.5)
    if additive:
        if value < 3 * LEAST or draw.random() < 0.5:
            return Step("+", draw.between(3, max(9, min(98, value))))
        return Step("-", draw.between(3, min(98, value - LEAST)))
    if value <= SMALL and (value < 6 * LEAST or draw.random() < 0.6):
        return Step("*", draw.between(2, 9))
    return Step("//", draw.between(2, min(9, value // LEAST)))
