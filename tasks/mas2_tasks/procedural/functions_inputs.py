"""Arguments on which synthesised functions are shown and tested: edge cases first, then drawn ones."""

from collections.abc import Callable, Sequence
from typing import Any

from mas2_tasks.procedural.draw import Draw

WORDS = (
    *("apple", "river", "stone", "Cloud", "maple", "tiger", "Ocean", "lemon", "silver", "Orbit", "candle"),
    *("forest", "garden", "Mirror", "level", "noon", "window", "Anchor", "bridge", "kettle", "Violet"),
    *("summer", "radar", "engine", "Echo", "piano", "salmon", "thunder", "Utopia", "pepper"),
    *("is", "at", "to", "a", "I", "on", "by"),
)
SIGNS = (" ", " ", " ", "  ", ", ", "! ", "-", "1 ", " 42 ", "7")


def _ints(draw: Draw, notable: Sequence[int]) -> list[int]:
    size, spread = draw.between(3, 9), draw.pick((6, 15, 40))
    made = [
        draw.pick(notable) if notable and draw.chance(0.3) else draw.between(-spread // 2, spread)
        for _ in range(size)
    ]
    if draw.chance(0.3):
        made.insert(draw.between(0, size), made[0])
    return made


def _text(draw: Draw, notable: Sequence[int]) -> str:
    parts = []
    for _ in range(draw.between(1, 4)):
        word = draw.pick(WORDS)
        if draw.chance(0.3):
            place = draw.between(0, len(word) - 1)
            word = word[:place] + word[place] * draw.between(1, 3) + word[place:]
        parts += [word.upper() if draw.chance(0.1) else word, draw.pick(SIGNS)]
    return "".join(parts[:-1])


def _words(draw: Draw, notable: Sequence[int]) -> list[str]:
    made = [draw.pick(WORDS) for _ in range(draw.between(2, 6))]
    if draw.chance(0.5):
        again = draw.pick(made)
        made.append(again.upper() if draw.chance(0.3) else again)
    return made


def _intervals(draw: Draw, notable: Sequence[int]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for _ in range(draw.between(2, 6)):
        start = made[-1][1] if made and draw.chance(0.25) else draw.between(0, 14)
        made.append((start, start + draw.between(1, 6)))
    return made


def _matrix(draw: Draw, notable: Sequence[int]) -> list[list[int]]:
    rows, columns = draw.between(2, 4), draw.between(2, 4)
    return [[draw.between(-9, 20) for _ in range(columns)] for _ in range(rows)]


def _letters(alphabet: str, low: int, high: int) -> Callable[[Draw, Sequence[int]], str]:
    return lambda draw, notable: "".join(draw.pick(alphabet) for _ in range(draw.between(low, high)))


_DRAWN: dict[str, Callable[[Draw, Sequence[int]], Any]] = {
    "ints": _ints,
    "int": lambda draw, notable: draw.between(-150, 900),
    "nat": lambda draw, notable: draw.between(2, 250) if draw.chance(0.7) else draw.between(2, 16) ** 2,
    "text": _text,
    "words": _words,
    "intervals": _intervals,
    "matrix": _matrix,
    "moves": _letters("UUDLRR", 3, 11),
    "brackets": _letters("(())x", 3, 11),
}

_EDGES: dict[str, tuple[Any, ...]] = {
    "ints": ([], [7], [4, 4, 4], [-3, 0, 3, -3], [1, 2, 3, 4, 5, 6]),
    "int": (0, -1, 10, 99),
    "nat": (1, 2, 12, 49),
    "text": ("", "a", "Noon", "aaBBcc", "  two  spaces "),
    "words": ([], ["a"], ["Echo", "echo"], ["bb", "a", "ccc", "a"]),
    "intervals": ([], [(2, 5)], [(1, 3), (3, 6)], [(0, 10), (2, 4)]),
    "matrix": ([], [[5]], [[1, 2, 3]], [[1], [2]]),
    "moves": ("", "U", "LR", "RRRRUU"),
    "brackets": ("", "(", ")(", "(())"),
}

KINDS = tuple(_EDGES)


def inputs(draw: Draw, kind: str, notable: Sequence[int], count: int) -> tuple[list[Any], list[Any]]:
    """Edge cases, and `count` drawn values, of a kind; numbers near `notable` ones are favoured."""
    return list(_EDGES[kind]), [_DRAWN[kind](draw, notable) for _ in range(count)]
