"""Cases as text: records in the query, or spread over files."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from mas2_tasks.procedural.diagnostic import Case, Chain, Step
from mas2_tasks.procedural.diagnostic_wording import MONTHS, Domain, wording
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.names import PEOPLE, Coiner
from mas2_tasks.procedural.tale import vary

ASIDES: Final = 0.3
"""Entries that change nothing, for each one that does."""
DAYS: Final = 336
"""Days of a year of twelve months of 28 days, so that every date exists in every year."""
_COUNTS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


class Told(Struct, frozen=True):
    """An item in words.

    Attributes:
        query: the problem.
        files: name and text of each file; none where the records stand in the query.
        parts: names of the parts, in the order of the case.
        spots: for each part, the file that each opening entry and each step stands in, by index.
    """

    query: str
    files: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]
    spots: tuple[tuple[int, ...], ...]


class _Entry(Struct):
    part: int
    day: int
    text: str
    place: int = -1
    """Which of the part's openings and steps it tells, in order; -1 for what changes nothing."""


class _Teller:
    """Tells one case; all its choices come from one draw."""

    def __init__(self, draw: Draw, case: Case) -> None:
        self.draw = draw
        self.case = case
        self.domain: Domain = draw.pick(wording().domains)
        self.unit = draw.pick(self.domain.units)
        self.part, self.parts = draw.pick(self.domain.parts)
        random = Coiner(draw)
        self.places = [random.town() for _ in range(3)]
        self.people = [f"{draw.pick(PEOPLE)} {random.surname()}" for _ in range(3)]
        names: dict[str, None] = {}
        while len(names) < len(case.chains):
            names[f"{self.part} {random.town()}"] = None
        self.names = tuple([name[0].upper() + name[1:] for name in names])
        self.year = draw.between(1911, 2079)
        self.date = draw.pick(_DATES)
        self.bullet = draw.pick(("", "- ", "* "))

    def fill(self, text: str, **values: object) -> str:
        return vary(self.draw, text).format(
            u=self.unit,
            p=self.draw.pick(self.places),
            o=self.draw.pick(self.people),
            amount=self.domain.amount,
            part=self.part,
            parts=self.parts if len(self.names) > 1 else self.part,
            count=_COUNTS[len(self.names)],
            year=self.year,
            first=self.names[0][0].lower() + self.names[0][1:],
            **values,
        )

    def entries(self) -> list[_Entry]:
        """All entries, part by part, each part's in the order of dates."""
        found: list[_Entry] = []
        for part, chain in enumerate(self.case.chains):
            own = self._record(part, chain)
            for _ in range(len(own)):
                if self.draw.random() < ASIDES:
                    day = self.draw.between(own[0].day, DAYS - 1)
                    own.append(
                        _Entry(part, day, self._sentence(self.domain.asides, self.draw.between(2, 99)))
                    )
            found += sorted(own, key=lambda entry: entry.day)
        return found

    def _record(self, part: int, chain: Chain) -> list[_Entry]:
        openings, steps = len(chain.opening), len(chain.steps)
        days = sorted(self.draw.some(range(DAYS), steps + 1))
        own = [
            _Entry(part, days[0], self._sentence(self.domain.opening, number), place)
            for place, number in enumerate(chain.opening)
        ]
        for i, step in enumerate(chain.steps):
            own.append(_Entry(part, days[i + 1], self._step(step), openings + i))
        return own

    def _step(self, step: Step) -> str:
        domain = self.domain
        texts = {"+": domain.plus, "-": domain.minus, "*": domain.times, "//": domain.share}
        return self._sentence(texts[step.operator], step.operand)

    def _sentence(self, texts: Sequence[str], number: int) -> str:
        text = self.fill(self.draw.pick(texts), n=f"{number:,}")
        return text[0].upper() + text[1:]

    def line(self, entry: _Entry, named: bool) -> str:
        """An entry under its date, and under the name of its part where that is not in the heading."""
        date = self.date(self.year, entry.day)
        return f"{self.bullet}{date}{f' ({self.names[entry.part]})' if named else ''}: {entry.text}"

    def question(self) -> str:
        """What is asked for, with how entries are to be read."""
        texts = [
            self.fill(self.draw.pick(wording().rules)),
            self.fill(self.draw.pick(wording().notes)),
            self.fill(self.draw.pick(wording().questions[self.case.rule])),
        ]
        return " ".join(texts)


_DATES: Final[tuple[Callable[[int, int], str], ...]] = (
    lambda year, day: f"{day % 28 + 1} {MONTHS[day // 28]}",
    lambda year, day: f"{MONTHS[day // 28]} {day % 28 + 1}",
    lambda year, day: f"{year}-{day // 28 + 1:02}-{day % 28 + 1:02}",
    lambda year, day: f"{day % 28 + 1:02} {MONTHS[day // 28][:3]} {year}",
)


def tell(draw: Draw, case: Case, files: int, check: tuple[int, int] | None) -> Told:
    """A case in words.

    Args:
        draw: where choices come from; its serial number makes the name of who keeps the records.
        case: what is told.
        files: over how many files the records are spread; each holds an entry that is needed. 0 puts them
            into the query.
        check: modulus and remainder of the answer, where they are stated.
    """
    teller = _Teller(draw, case)
    keeper = draw.pick(teller.domain.keeper).format(c=Coiner(draw, draw.serial).town())
    entries = teller.entries()
    listed: list[list[_Entry]] = _deal(draw, entries, files) if files else []
    names = [f"{draw.pick(teller.domain.stem)}-{i + 1:02}.txt" for i in range(files)]
    texts = wording().attached if files else wording().introductions
    head = teller.fill(draw.pick(texts), k=keeper, K=keeper[0].upper() + keeper[1:], files=", ".join(names))
    parts = [head, *([] if files else _sections(teller, entries))]
    asked = teller.question()
    parts.append(f"{teller.fill(draw.pick(wording().scattered))} {asked}" if files else asked)
    if check is not None:
        parts.append(teller.fill(draw.pick(wording().checks), m=check[0], r=check[1]))
    written = tuple(
        [
            (name, "\n".join([f"{keeper[0].upper()}{keeper[1:]}, {teller.year}", *lines]))
            for name, lines in zip(
                names, [[teller.line(e, True) for e in found] for found in listed], strict=True
            )
        ]
    )
    return Told("\n\n".join(parts), written, teller.names, _spots(case, listed))


def _sections(teller: _Teller, entries: Sequence[_Entry]) -> list[str]:
    """The records part by part."""
    return [
        "\n".join([name, *[teller.line(entry, False) for entry in entries if entry.part == part]])
        for part, name in enumerate(teller.names)
    ]


def _deal(draw: Draw, entries: Sequence[_Entry], files: int) -> list[list[_Entry]]:
    """Entries of each file, in the order of dates; each file gets one that is needed."""
    needed = [i for i, entry in enumerate(entries) if entry.place >= 0]
    file_of = {i: int(draw.random() * files) for i in range(len(entries))}
    file_of |= {i: file for file, i in enumerate(draw.some(needed, files))}
    dealt: list[list[_Entry]] = [[] for _ in range(files)]
    for i in sorted(file_of, key=lambda i: (entries[i].day, i)):
        dealt[file_of[i]].append(entries[i])
    return dealt


def _spots(case: Case, listed: Sequence[Sequence[_Entry]]) -> tuple[tuple[int, ...], ...]:
    spots = [[0] * (len(chain.opening) + len(chain.steps)) for chain in case.chains]
    for file, entries in enumerate(listed):
        for entry in entries:
            if entry.place >= 0:
                spots[entry.part][entry.place] = file
    return tuple(map(tuple, spots))
