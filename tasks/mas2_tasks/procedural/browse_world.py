"""A closed fictional world of thousands of things, and sets of things as bit masks.

All things are made at once, each relation leads from one of them to another, and which things fit a fact is
known for every fact. A set of things of one kind is an integer whose bit `n` stands for the `n`-th of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from mas2_tasks.procedural import names
from mas2_tasks.procedural.browse_wording import LISTS, PHRASES
from mas2_tasks.procedural.coins import serial
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.names import Coiner
from mas2_tasks.procedural.places import COLOURS, NUMBERS
from mas2_tasks.procedural.world import KINDS, World

COUNTS: Final = {
    "town": 150,
    "river": 60,
    "company": 130,
    "university": 70,
    "stadium": 60,
    "club": 60,
    "newspaper": 50,
    "band": 80,
    "film": 250,
    "novel": 210,
    "album": 110,
    "ship": 60,
}
"""Things of each kind; people are made as the relations of others need them, 1,100 to 1,300."""

ITEMS: Final = 250
"""Items that share a world."""

COUNTRIES: Final = 6
"""Countries of a world."""

LONGEST_LIST: Final = 15
REUSED: Final = 0.6
ADULT: Final = (24, 58)
_TRIES = 4
_PRESENT = frozenset(("politician", "scholar", "football manager", "journalist"))
_COINED: Final[dict[str, tuple[Callable[[Coiner], str], int]]] = {
    "prize": (Coiner.prize, 7),
    "region": (Coiner.region, 6),
    "hill": (Coiner.hill, 6),
    "lake": (Coiner.lake, 6),
}
"""Plain values with names, and how many of each occur in one world: few, so that several things share one."""


class Thing:
    """Something in the world.

    Attributes:
        kind: its kind.
        number: its place among those of the kind.
        name: its name, which is no other's.
        short: how later sentences call it: of a person the surname.
        year: of birth, foundation, publication and so on.
        word: its sort; of a person the occupation.
        country: name and adjective.
        values: things or texts by relation.
        place: of the first of its documents.
    """

    __slots__ = ("country", "kind", "name", "number", "place", "short", "values", "word", "year")

    def __init__(self, kind: str, number: int, name: str, short: str, year: int, word: str) -> None:
        self.kind = kind
        self.number = number
        self.name = name
        self.short = short
        self.year = year
        self.word = word
        self.country = names.COUNTRIES[0]
        self.values: dict[str, Thing | str] = {}
        self.place = 0


class Listing(Struct, frozen=True):
    """A document that lists things: those of which a relation, `way`, leads to the thing it is about."""

    way: str
    about: Thing
    members: tuple[Thing, ...]


class Closed:
    """One world, a pure function of its generator's name and version, its seed and its block.

    Its prizes, regions, hills and lakes have names that no other block's have.

    Args:
        name: of the generator; `version` is its version.
        seed: of the items.
        block: number of the block of `ITEMS` items that share the world.

    Attributes:
        key: of all its draws.
        things: by kind, in the order of their numbers.
        docids: of its documents, by place.
        owners: what each document is about, by place; documents that list things come after those.
        lists: what these list.
        listed: for a thing and a relation, the place of the document that lists the thing for it.
        backs: for a thing, the ways back to it: `~kind.relation` and from where.
    """

    def __init__(self, name: str, version: str, seed: int, block: int) -> None:
        self.key = (name, version, seed, block)
        self._draw = draw = Draw(*self.key)
        self._names = World(draw)
        self._countries = draw.some(names.COUNTRIES, COUNTRIES)
        self.things: dict[str, list[Thing]] = {kind: [] for kind in (*COUNTS, "person")}
        self._people: dict[str, list[Thing]] = {}
        self._texts = self._coin(seed, block * ITEMS)
        for kind, count in COUNTS.items():
            for _ in range(count):
                self._make(kind)
        for kind in COUNTS:
            for thing in self.things[kind]:
                self._settle(thing)
        for person in self.things["person"]:
            self._settle(person)
        self._masks: dict[tuple[str, str, Thing | str], int] = {}
        self._numbers: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        self.backs: dict[Thing, list[tuple[str, Thing]]] = {}
        self.owners: list[Thing] = []
        self.lists: list[Listing] = []
        self.listed: dict[tuple[Thing, str], int] = {}
        self._orders: dict[str, list[Thing]] = {}
        self._by_name: dict[str, Thing] = {}
        self._index()
        self.docids = self._number_documents()

    def _coin(self, seed: int, first: int) -> dict[str, tuple[str, ...]]:
        return {
            kind: tuple([coin(Coiner(self._draw, serial(seed, first + n))) for n in range(count)])
            for kind, (coin, count) in _COINED.items()
        }

    def shuffled(self, kind: str) -> list[Thing]:
        """The things of a kind in an order of their own."""
        order = self._orders.get(kind)
        if order is None:
            things = self.things[kind]
            order = self._orders[kind] = Draw(*self.key, "order", kind).some(things, len(things))
        return order

    def _make(self, kind: str, role: str = "", near: int = 0) -> Thing:
        made = self._names.make(kind, role, near)
        word = role or self._draw.pick(KINDS[kind].words)
        known = self.things[kind]
        thing = Thing(kind, len(known), made.plain, made.short, made.year, word)
        thing.country = self._draw.pick(self._countries)
        known.append(thing)
        return thing

    def _settle(self, thing: Thing) -> None:
        """Give the thing a value for each relation that questions use."""
        for name in PHRASES[thing.kind]:
            relation = KINDS[thing.kind].relations.get(name)
            if relation is None:
                continue
            if relation.role:
                thing.values[name] = self._person(thing, relation.role)
            elif relation.to in self.things:
                thing.values[name] = self._older(relation.to, thing)
            else:
                thing.values[name] = self._plain(relation.to, name)
        birthplace = thing.values.get("birthplace")
        if isinstance(birthplace, Thing):  # who is from a country was born there
            thing.country = birthplace.country
        if thing.kind == "album":
            thing.values["studio"] = self._draw.pick(self.things["town"])

    def _person(self, thing: Thing, role: str) -> Thing:
        """Somebody of that occupation who was grown up in the thing's year."""
        near = 2008 if role in _PRESENT else thing.year
        known = self._people.setdefault(role, [])
        if known and self._draw.random() < REUSED:
            for _ in range(_TRIES):
                other = self._draw.pick(known)
                if ADULT[0] <= near - other.year <= ADULT[1] and other not in thing.values.values():
                    return other
        known.append(self._make("person", role, near))
        return known[-1]

    def _older(self, kind: str, thing: Thing) -> Thing:
        """Something of the kind that was there before the thing."""
        limit = thing.year + 20 if thing.kind == "person" else thing.year
        tried = [self._draw.pick(self.things[kind]) for _ in range(_TRIES)]
        taken = thing.values.get("birthplace")
        fitting = [other for other in tried if other.year <= limit and other is not taken]
        return fitting[0] if fitting else min(tried, key=lambda other: other.year)

    def _plain(self, kind: str, name: str) -> str:
        if kind == "number":
            low, high = NUMBERS[name]
            share = self._draw.random()
            return f"{low + int((high - low) * share * share):,}"
        if kind == "minutes":
            return str(self._draw.between(71, 189))
        return self._draw.pick(COLOURS if kind == "colours" else self._texts[kind])

    def _index(self) -> None:
        counted: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for kind, things in self.things.items():
            for thing in things:
                bit = 1 << thing.number
                self._enter((kind, "word", thing.word), bit)
                self._enter((kind, "country", thing.country[0]), bit)
                counted.setdefault((kind, "year"), []).append((thing.year, bit))
                for name, value in thing.values.items():
                    self._enter((kind, name, value), bit)
                    if isinstance(value, Thing):
                        back = f"~{kind}.{name}"
                        self._masks[value.kind, back, thing] = 1 << value.number
                        self.backs.setdefault(value, []).append((back, thing))
                    elif is_number(kind, name):
                        counted.setdefault((kind, name), []).append((number_of(value), bit))
        for place, pairs in counted.items():
            pairs.sort()
            sums = [0]
            for _, bit in pairs:
                sums.append(sums[-1] | bit)
            self._numbers[place] = ([number for number, _ in pairs], sums)

    def _enter(self, place: tuple[str, str, Thing | str], bit: int) -> None:
        self._masks[place] = self._masks.get(place, 0) | bit

    def _number_documents(self) -> tuple[str, ...]:
        """Documents have places one after another, and ids from which these cannot be told."""
        for kind, things in self.things.items():
            for thing in things:
                thing.place = len(self.owners)
                self.owners += [thing] * (2 if kind == "person" else 1)
        for way in LISTS:
            self._list(*way.split("."))
        count = len(self.owners) + len(self.lists)
        step, start = self._draw.between(1000, 88_000), self._draw.between(0, _PRIME - 1)
        return tuple([str(1000 + (start + step * n) % _PRIME) for n in range(count)])

    def _list(self, kind: str, relation: str) -> None:
        groups: dict[Thing, list[Thing]] = {}
        for thing in self.things[kind]:
            value = thing.values[relation]
            assert isinstance(value, Thing)
            groups.setdefault(value, []).append(thing)
        for value, members in groups.items():
            for begin in range(0, len(members) if len(members) > 1 else 0, LONGEST_LIST):
                part = tuple(members[begin : begin + LONGEST_LIST])
                place = len(self.owners) + len(self.lists)
                self.listed |= {(member, relation): place for member in part}
                self.lists.append(Listing(f"{kind}.{relation}", value, part))

    def tells(self, thing: Thing, fact: str) -> int:
        """Place of the document that tells a fact. The second one on a person tells some relations."""
        if thing.kind == "person" and fact in thing.values:
            position = list(thing.values).index(fact)
            return thing.place + ((thing.number * 5 + position * 3) % 7 < 3)
        return thing.place

    def named(self, name: str) -> Thing | None:
        """The thing of that name."""
        if not self._by_name:
            self._by_name = {thing.name: thing for things in self.things.values() for thing in things}
        return self._by_name.get(name)

    # Sets.

    def fitting(self, kind: str, fact: str, value: Thing | str) -> int:
        """The things of a kind for which the fact has that value."""
        return self._masks.get((kind, fact, value), 0)

    def within(self, kind: str, fact: str, low: int, high: int) -> int:
        """The things of a kind for which the number is in [low, high]."""
        numbers, sums = self._numbers[kind, fact]
        begin, end = bisect_left(numbers, low), bisect_right(numbers, high)
        return sums[end] & ~sums[begin] if begin < end else 0

    def led_from(self, kind: str, fact: str, other: str, mask: int) -> int:
        """The things of a kind for which the fact leads to one of the set of another kind."""
        found = 0
        for thing in self.members(other, mask):
            found |= self._masks.get((kind, fact, thing), 0)
        return found

    def members(self, kind: str, mask: int) -> Iterator[Thing]:
        """The things of a set, in order."""
        things = self.things[kind]
        while mask:
            low = mask & -mask
            yield things[low.bit_length() - 1]
            mask ^= low


_PRIME: Final = 99_991


def is_number(kind: str, fact: str) -> bool:
    """Whether a fact's values are numbers."""
    return fact == "year" or fact in NUMBERS or (kind == "film" and fact == "length")


def number_of(value: Thing | str) -> int:
    """The number that a text shows."""
    assert isinstance(value, str)
    return int(value.replace(",", ""))


@lru_cache(maxsize=8)
def closed_world(name: str, version: str, seed: int, block: int) -> Closed:
    """The world of a block of items; the last eight are kept."""
    return Closed(name, version, seed, block)
