"""Problems over MATH's seven subjects and five levels, by families, none of which comes twice.

Items are laid out in blocks, in each of which every family at every level has a fixed number of places; so
an item's rank among those of its family and level follows from its index alone. A family's problems of a page
of ranks are drawn until they differ, and problems of later pages end in a turn of their page's own.
"""

from bisect import bisect_right
from fractions import Fraction
from functools import cache, lru_cache
from itertools import accumulate

from msgspec import structs

from mas2_tasks.procedural import (
    math_algebra,
    math_counting,
    math_geometry,
    math_intermediate,
    math_number,
    math_prealgebra,
    math_precalculus,
)
from mas2_tasks.procedural.draw import Draw, key
from mas2_tasks.procedural.puzzle import Family, Puzzle
from mas2_tasks.procedural.relay import relay, turned
from mas2_tasks.procedural.rewording import reworded

SUBJECTS: dict[str, tuple[tuple[Family, int, int], ...]] = {
    "Algebra": math_algebra.FAMILIES,
    "Counting & Probability": math_counting.FAMILIES,
    "Geometry": math_geometry.FAMILIES,
    "Intermediate Algebra": math_intermediate.FAMILIES,
    "Number Theory": math_number.FAMILIES,
    "Prealgebra": math_prealgebra.FAMILIES,
    "Precalculus": math_precalculus.FAMILIES,
}

# Problems of each kind among the 5,000 of MATH's test set (Hendrycks et al. 2021).
BY_SUBJECT = (1187, 474, 479, 903, 540, 871, 546)
BY_LEVEL = (437, 894, 1131, 1214, 1324)
MEAN_LEVEL = sum(level * count for level, count in enumerate(BY_LEVEL, 1)) / sum(BY_LEVEL)

CLASSES = 4
"""Seeds of different remainders by this number share no problem."""
BLOCK = 2048
"""Items in which every family has its share at every level."""
PAGE = 128
"""Problems of a family and level that are told apart by drawing again."""
RELAYED = 0.3
RELAYS_FROM = 3
"""From this level on, that share of the problems joins two of the subject's families."""

Cell = tuple[str, int, Family]


@cache
def _cells() -> tuple[tuple[Cell, ...], tuple[int, ...]]:
    """Subjects, levels and families, and the place in a block at which each ends."""
    cells: list[Cell] = []
    weights: list[Fraction] = []
    for (subject, families), share in zip(SUBJECTS.items(), BY_SUBJECT, strict=True):
        for level, count in enumerate(BY_LEVEL, 1):
            serving = [family for family, low, high in families if low <= level <= high]
            cells += [(subject, level, family) for family in serving]
            weights += [Fraction(share * count, len(serving))] * len(serving)
    whole = sum(weights)
    ends = [round(BLOCK * part / whole) for part in accumulate(weights)]
    return tuple(cells), tuple(ends)


def problem(version: str, seed: int, index: int) -> tuple[str, int, Puzzle]:
    """Subject, level and problem of the item at `index`."""
    block, place = divmod(index, BLOCK)
    cells, ends = _cells()
    place = _shuffled(place, seed, block)
    number = bisect_right(ends, place)
    first = ends[number - 1] if number else 0
    subject, level, family = cells[number]
    page, rank = divmod(block * (ends[number] - first) + place - first, PAGE)
    shelf = _shelf(version, seed, subject, family, page)
    made = shelf.puzzle(level, rank)
    return subject, level, turned(made, page, shelf.draw(level, rank, -1)) if page else made


def _shuffled(place: int, seed: int, block: int) -> int:
    """A permutation of the places of a block."""
    salt = int.from_bytes(key("block", seed, block)[:8], "big")
    for shift in (0, 16, 32):
        place = (place * 1237 + (salt >> shift)) % BLOCK
        place ^= place >> 5
    return place


class _Shelf:
    """The problems of a family on one page, level by level within a rank, each with a text of its own.

    What is kept are the numbers of the attempts, from which problems are made again.
    """

    def __init__(self, name: tuple[object, ...], seed: int, subject: str, family: Family) -> None:
        self.name = name
        self.kind = seed % CLASSES
        self.subject = subject
        self.family = family
        self.levels = [
            level
            for known, low, high in SUBJECTS[subject]
            if known is family
            for level in range(low, high + 1)
        ]
        self.attempts: list[dict[int, int]] = []
        self.seen: set[bytes] = set()

    def draw(self, level: int, rank: int, attempt: int) -> Draw:
        return Draw(*self.name, level, rank, attempt)

    def puzzle(self, level: int, rank: int) -> Puzzle:
        while len(self.attempts) <= rank:
            here = len(self.attempts)
            self.attempts.append({known: self._first_new(known, here) for known in self.levels})
        return self._make(level, rank, self.attempts[rank][level])

    def _first_new(self, level: int, rank: int) -> int:
        for attempt in range(10_000):
            mark = key(self._make(level, rank, attempt).text)[:8]
            if mark[0] % CLASSES == self.kind and mark not in self.seen:
                self.seen.add(mark)
                return attempt
        raise ValueError(
            f"{self.subject}, {self.family.__name__}: fewer than {PAGE} problems at level {level}"
        )

    def _make(self, level: int, rank: int, attempt: int) -> Puzzle:
        draw = self.draw(level, rank, attempt)
        if level < RELAYS_FROM or draw.random() >= RELAYED:
            made = self.family(draw, level)
            return structs.replace(made, text=reworded(draw, made.text))
        others = [family for family, low, high in SUBJECTS[self.subject] if low <= level - 1 <= high]
        return relay(draw, self.family(draw, level - 1), draw.pick(others)(draw, level - 1))


@lru_cache(maxsize=512)
def _shelf(version: str, seed: int, subject: str, family: Family, page: int) -> _Shelf:
    return _Shelf(("MATH", version, seed, subject, family.__name__, page), seed, subject, family)
