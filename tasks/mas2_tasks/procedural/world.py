"""A small consistent world for one question: entities, the facts about them, and articles that tell these."""

from collections.abc import Callable

from mas2_tasks.procedural import names
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.kinds import Kind, Relation
from mas2_tasks.procedural.places import COLOURS, NUMBERS, PLACES
from mas2_tasks.procedural.works import WORKS

KINDS: dict[str, Kind] = {**WORKS, **PLACES}


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


_FIRM = ("Works", "Company", "Brothers", "Group", "House", "Partners", "& Sons", "Union", "Limited", "Press")
_CLUB = (
    "Rovers",
    "United",
    "Athletic",
    "Wanderers",
    "City",
    "Albion",
    "Rangers",
    "Town",
    "Harriers",
    "Victoria",
)
_PAPER = (
    "Times",
    "Courier",
    "Gazette",
    "Herald",
    "Observer",
    "Post",
    "Mercury",
    "Chronicle",
    "Echo",
    "Tribune",
)


def _university(draw: Draw) -> str:
    end = draw.pick(("College", "University", "Institute", "Academy", "Polytechnic"))
    return f"{names.town(draw) if draw.random() < 0.3 else names.surname(draw)} {end}"


_TITLES: dict[str, Callable[[Draw], str]] = {
    "film": names.work,
    "novel": names.work,
    "album": names.work,
    "band": names.band,
    "town": names.town,
    "river": names.river,
    "university": _university,
    "company": lambda draw: f"{names.surname(draw)} {draw.pick(_FIRM)}",
    "club": lambda draw: f"{names.surname(draw)} {draw.pick(_CLUB)}",
    "stadium": lambda draw: (
        f"{names.surname(draw)} {draw.pick(('Park', 'Stadium', 'Field', 'Arena', 'Ground'))}"
    ),
    "ship": lambda draw: (
        f"{draw.pick(('SS', 'MV', 'RV'))} {draw.pick(names.ADJECTIVES)} {draw.pick(names.NOUNS)}"
    ),
    "newspaper": lambda draw: f"The {names.surname(draw)} {draw.pick(_PAPER)}",
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
    """Makes entities and facts on demand and never contradicts itself."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.names: set[str] = set()
        self.by_kind: dict[tuple[str, str], list[Entity]] = {}

    def make(self, kind: str, role: str = "", near: int = 0) -> Entity:
        """A new entity; `near` is a year in which it already (if a person: as an adult) existed."""
        draw = self.draw
        if kind == "person":
            role = role or draw.pick(ROLES)
            year = (near or draw.between(1935, 2012)) - draw.between(24, 58)
        else:
            low, high = _OLD.get(kind, (1925, 2014))
            year = draw.between(low, min(high, near) if near > low else high)
        entity = Entity(kind, "", year, role)
        while not entity.plain or entity.plain in self.names:
            self._name(entity)
        self.names.add(entity.plain)
        known = self.by_kind.get((kind, role))
        if known is None:
            self.by_kind[kind, role] = [entity]
        else:
            known.append(entity)
        return entity

    def _name(self, entity: Entity) -> None:
        draw = self.draw
        if entity.kind == "person":
            entity.short = names.surname(draw)
            entity.title = entity.plain = f"{draw.pick(names.PEOPLE)} {entity.short}"
            return
        entity.title = entity.plain = _TITLES[entity.kind](draw)
        suffix = KINDS[entity.kind].suffix
        if suffix and draw.random() < 0.15:
            entity.title += suffix

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
        return draw.pick(_PLAIN[relation.to])

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
        word = entity.role or self.draw.pick(kind.words)
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

    def country(self, entity: Entity) -> tuple[str, str]:
        """Name and adjective of the entity's country; settled the first time it is asked for."""
        if entity.country is None:
            entity.country = self.draw.pick(names.COUNTRIES)
        return entity.country


_PLAIN: dict[str, tuple[str, ...]] = {
    "prize": names.PRIZES,
    "region": names.REGIONS,
    "hill": names.HILLS,
    "lake": names.LAKES,
    "colours": COLOURS,
}


def _within(entity: Entity) -> str:
    return f"the {entity.plain}" if entity.kind == "river" else entity.plain


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiouAEIO" else f"a {word}"


_LEADS = {
    name: tuple(
        [lead.replace("a {word}", "{aword}").replace("a {nation}", "{anation}") for lead in kind.lead]
    )
    for name, kind in KINDS.items()
}
