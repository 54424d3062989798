"""A small consistent world for one question: entities, the facts about them, and articles that tell these."""

from collections.abc import Callable

from mas2_tasks.procedural import names
from mas2_tasks.procedural.asking import CALLED, SINCE, widened
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.kinds import Kind, Relation
from mas2_tasks.procedural.names import Coiner
from mas2_tasks.procedural.places import COLOURS, NUMBERS, PLACES
from mas2_tasks.procedural.works import WORKS

KINDS: dict[str, Kind] = widened({**WORKS, **PLACES})


class Entity:
    """Something with a title, a kind and facts. `values` are entities or texts, by relation.

    `plain` is its name as texts use it; the title of its article may add its kind in parentheses.
    """

    __slots__ = (
        "back",
        "country",
        "kind",
        "plain",
        "role",
        "sentences",
        "short",
        "title",
        "values",
        "where",
        "word",
        "year",
    )

    def __init__(self, kind: str, title: str, year: int, role: str) -> None:
        self.kind = kind
        self.title = title
        self.plain = title
        self.short = title
        self.back = title
        self.year = year
        self.role = role
        self.word = role
        self.country: tuple[str, str] | None = None
        self.values: dict[str, Entity | str] = {}
        self.sentences: list[str] = []
        self.where: dict[str, int] = {}

    @property
    def mention(self) -> str:
        """How a question names it."""
        noun = KINDS[self.kind].noun
        return f"{noun} {self.plain}" if noun else self.plain

    def told(self, relation: str) -> str:
        """The sentence of its article that states the relation, with its title in place of a pronoun."""
        sentence = self.sentences[self.where.get(relation, 0)].lstrip()
        if sentence.startswith(self.plain) or not sentence.startswith(f"{self.back} "):
            return sentence
        return self.plain + sentence[len(self.back) :]


_TITLES: dict[str, Callable[[Coiner], str]] = {
    "film": Coiner.work,
    "novel": Coiner.work,
    "album": Coiner.work,
    "band": Coiner.band,
    "town": Coiner.town,
    "river": Coiner.river,
    "university": Coiner.university,
    "company": Coiner.company,
    "club": Coiner.club,
    "stadium": Coiner.stadium,
    "ship": Coiner.ship,
    "newspaper": Coiner.newspaper,
}
_OLD = {"town": (1050, 1700), "river": (1590, 1880), "university": (1820, 1960), "company": (1840, 1990)}
_PRESENT = frozenset(("politician", "scholar", "football manager", "journalist"))
ROLES = (
    "film director",
    "novelist",
    "composer",
    "architect",
    "politician",
    "singer",
    "actor",
    "scholar",
    "painter",
)


class World:
    """Makes entities and facts on demand and never contradicts itself.

    What a question names first is given a name of its own, which stands in no other item: see `own`.
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.coiner = Coiner(draw)
        self.own = Coiner(draw, draw.serial)
        self.names: set[str] = set()
        self.by_kind: dict[tuple[str, str], list[Entity]] = {}

    def make(self, kind: str, role: str = "", near: int = 0, own: bool = False) -> Entity:
        """A new entity; `near` is a year in which it already (if a person: as an adult) existed.

        With `own` its name is one that no other item has.
        """
        draw = self.draw
        if kind == "person":
            role = role or draw.pick(ROLES)
            year = (near or draw.between(1935, 2012)) - draw.between(24, 58)
        else:
            low, high = _OLD.get(kind, (1925, 2014))
            year = draw.between(low, min(high, near) if near > low else high)
        entity = Entity(kind, "", year, role)
        self._christen(entity, self.own if own else self.coiner)
        known = self.by_kind.get((kind, role))
        if known is None:
            self.by_kind[kind, role] = [entity]
        else:
            known.append(entity)
        return entity

    def christen(self, entity: Entity) -> None:
        """Give an entity that nothing has been written about a name that no other item has."""
        self.names.discard(entity.plain)
        self._christen(entity, self.own)

    def _christen(self, entity: Entity, coiner: Coiner) -> None:
        entity.plain = ""
        while not entity.plain or entity.plain in self.names:
            if entity.kind == "person":
                entity.title = entity.plain = coiner.person()
                entity.short = entity.plain.rpartition(" ")[2]
            else:
                entity.title = entity.plain = _TITLES[entity.kind](coiner)
        self.names.add(entity.plain)
        suffix = KINDS[entity.kind].suffix
        if suffix and self.draw.random() < 0.15:
            entity.title += suffix

    def coined(self, kind: str) -> str | None:
        """A plain value whose name no other item has; None where values of the kind are no names."""
        return _COINED[kind](self.own) if kind in _COINED else None

    def value(self, entity: Entity, relation: str) -> "Entity | str":
        """What the relation of the entity is; settled the first time it is asked for."""
        value = entity.values.get(relation)
        if value is None:
            value = entity.values[relation] = self._settle(
                entity, relation, KINDS[entity.kind].relations[relation]
            )
        return value

    def _settle(self, entity: Entity, name: str, relation: Relation) -> "Entity | str":
        draw = self.draw
        if relation.to in KINDS:
            return self._person(entity, name, relation) if relation.role else self._thing(entity, relation)
        if relation.to == "number":
            low, high = NUMBERS[name]
            share = draw.random()
            return f"{low + int((high - low) * share * share * share):,}"
        if relation.to == "minutes":
            return str(draw.between(71, 189))
        if relation.to in _COINED:
            return _COINED[relation.to](self.coiner)
        return draw.pick(COLOURS)

    def _thing(self, entity: Entity, relation: Relation) -> Entity:
        known = self.by_kind.get((relation.to, ""))
        if known and self.draw.random() < 0.4:
            other = self.draw.pick(known)
            fits = entity.kind == "person" or other.year <= entity.year
            if fits and other is not entity and other not in entity.values.values():
                return other
        return self.make(relation.to, "", entity.year + 25 * (entity.kind == "person"))

    def _person(self, entity: Entity, name: str, relation: Relation) -> Entity:
        if name == "spouse":
            spouse = self.make("person", relation.role, entity.year + 41)
            spouse.values[name] = entity
            return spouse
        if relation.role in _PRESENT:
            return self.make("person", relation.role, 2008)
        active = entity.year
        known = self.by_kind.get(("person", relation.role))
        if known and self.draw.random() < 0.4:
            other = self.draw.pick(known)
            if 24 <= active - other.year <= 58 and other not in entity.values.values():
                return other
        return self.make("person", relation.role, active)

    def write(self, entity: Entity, must: tuple[str, ...] = (), count: int = 3) -> None:
        """Write the entity's article: a lead, then the facts in `must` and others, `count` at least."""
        draw, kind = self.draw, KINDS[entity.kind]
        lead = self._lead(entity, kind)
        if entity.kind == "person":
            back = entity.short
            if entity.year < 1925:
                lead = lead.replace(" is a", " was a")
        else:
            back = draw.pick(kind.back)
        entity.back = back
        entity.sentences = sentences = [lead]
        told = draw.some([name for name in kind.relations if name not in must], count - len(must))
        for name in must:
            told.insert(int(draw.random() * (len(told) + 1)), name)
        for name in told:
            value = self.value(entity, name)
            template = draw.pick(kind.relations[name].tell)
            shown = value if isinstance(value, str) else value.plain
            entity.where[name] = len(sentences)
            if template[:3] == "{s}":
                sentences.append(f" {back}{template[3:].replace('{o}', shown)}")
            else:
                told_of = template.replace("{s}", _within(entity)).replace("{o}", shown)
                sentences.append(f" {told_of[0].upper()}{told_of[1:]}")

    def _lead(self, entity: Entity, kind: Kind) -> str:
        word = entity.word or self.draw.pick(kind.words)
        entity.word = word
        country, nation = self.country(entity)
        return self.draw.pick(_LEADS[entity.kind]).format(
            s=entity.plain,
            year=entity.year,
            word=word,
            aword=_a(word),
            country=country,
            anation=_a(nation),
            nation=nation,
        )

    def mention(self, entity: Entity, apart: bool = True) -> str:
        """How a question names it, perhaps with a fact; `apart` allows an apposition that ends in a comma."""
        draw = self.draw
        shape, kind = draw.random(), entity.kind
        called = draw.pick(CALLED.get(kind, (KINDS[kind].noun.removeprefix("the "),)))
        if shape < 0.2 or kind not in CALLED:
            return entity.mention
        if shape < 0.35:
            return entity.plain
        if shape < 0.5 and entity.word:
            return f"the {entity.word} {called} {entity.plain}"
        if shape < 0.65:
            return f"the {self.country(entity)[1]} {called} {entity.plain}"
        if shape < 0.75 and kind in ("film", "novel", "album"):
            return f"the {entity.year} {called} {entity.plain}"
        if apart and shape < 0.85 and kind in SINCE:
            return f"{entity.plain}, {_a(called)} {SINCE[kind]} in {entity.year},"
        if apart and shape < 0.95 and entity.word:
            return f"{entity.plain}, {_a(entity.word)} {called},"
        return f"the {called} {entity.plain}"

    def country(self, entity: Entity) -> tuple[str, str]:
        """Name and adjective of the entity's country; settled the first time it is asked for."""
        if entity.country is None:
            entity.country = self.draw.pick(names.COUNTRIES)
        return entity.country


_COINED: dict[str, Callable[[Coiner], str]] = {
    "prize": Coiner.prize,
    "region": Coiner.region,
    "hill": Coiner.hill,
    "lake": Coiner.lake,
}


def _within(entity: Entity) -> str:
    return f"the {entity.plain}" if entity.kind == "river" else entity.plain


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiouAEIO" and not word.startswith("uni") else f"a {word}"


_LEADS = {
    name: tuple(
        [lead.replace("a {word}", "{aword}").replace("a {nation}", "{anation}") for lead in kind.lead]
    )
    for name, kind in KINDS.items()
}
