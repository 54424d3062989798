"""A small consistent world for one question: entities, the facts about them, and articles that tell these."""

from collections.abc import Callable

from mas2_tasks.procedural import names
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.kinds import Kind, Relation
from mas2_tasks.procedural.places import COLOURS, NUMBERS, PLACES
from mas2_tasks.procedural.works import WORKS

KINDS: dict[str, Kind] = {**WORKS, **PLACES}


class Entity:
    """Something with a title, a kind and facts. `values` are entities or texts, by relation."""

    __slots__ = (
        "back",
        "country",
        "kind",
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
        self.short = title
        self.back = title
        self.year = year
        self.role = role
        self.word = ""
        self.country = names.COUNTRIES[0]
        self.values: dict[str, Entity | str] = {}
        self.sentences: list[str] = []
        self.where: dict[str, int] = {}

    @property
    def mention(self) -> str:
        """How a question names it."""
        noun = KINDS[self.kind].noun
        return f"{noun} {self.title}" if noun else self.title

    def told(self, relation: str) -> str:
        """The sentence of its article that states the relation, with its title in place of a pronoun."""
        sentence = self.sentences[self.where.get(relation, 0)]
        if sentence.startswith(self.title) or not sentence.startswith(f"{self.back} "):
            return sentence
        return self.title + sentence[len(self.back) :]

    @property
    def text(self) -> str:
        """Its article."""
        return " ".join(self.sentences)


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
    return f"University of {names.town(draw)}" if draw.random() < 0.3 else f"{names.surname(draw)} {end}"


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
_ROLES = (
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
        self.titles: set[str] = set()
        self.by_kind: dict[tuple[str, str], list[Entity]] = {}

    def make(self, kind: str, role: str = "", near: int = 0) -> Entity:
        """A new entity; `near` is a year in which it already (if a person: as an adult) existed."""
        draw = self.draw
        if kind == "person":
            role = role or draw.pick(_ROLES)
            year = (near or draw.between(1935, 2012)) - draw.between(24, 58)
        else:
            low, high = _OLD.get(kind, (1925, 2014))
            year = draw.between(low, min(high, near) if near > low else high)
        entity = Entity(kind, "", year, role)
        while not entity.title or entity.title in self.titles:
            self._name(entity)
        self.titles.add(entity.title)
        entity.country = draw.pick(names.COUNTRIES)
        entity.word = entity.role or draw.pick(KINDS[kind].words)
        self.by_kind.setdefault((kind, entity.role), []).append(entity)
        return entity

    def _name(self, entity: Entity) -> None:
        draw = self.draw
        if entity.kind == "person":
            entity.short = names.surname(draw)
            entity.title = f"{draw.pick(names.MEN if draw.random() < 0.5 else names.WOMEN)} {entity.short}"
            return
        entity.title = _TITLES[entity.kind](draw)
        if draw.random() < 0.15:
            entity.title += KINDS[entity.kind].suffix

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
            value = int(low * (high / low) ** draw.random())
            return f"{value:,}"
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
        active = 2008 if relation.role in _PRESENT else entity.year
        known = self.by_kind.get(("person", relation.role))
        if known and self.draw.random() < 0.4:
            other = self.draw.pick(known)
            if 24 <= active - other.year <= 58 and other not in entity.values.values():
                return other
        return self.make("person", relation.role, active)

    def write(self, entity: Entity, must: tuple[str, ...] = (), count: int = 3) -> None:
        """Write the entity's article: a lead, then the facts in `must` and others, `count` at least."""
        draw, kind = self.draw, KINDS[entity.kind]
        lead = draw.pick(kind.lead).format(
            s=entity.title,
            year=entity.year,
            word=entity.word,
            country=entity.country[0],
            nation=entity.country[1],
        )
        if entity.kind == "person" and entity.year < 1925:
            lead = lead.replace(" is a ", " was a ")
        entity.sentences = [_article(lead)]
        others = [name for name in kind.relations if name not in must]
        told = draw.some((*must, *draw.some(others, count - len(must))), count + len(must))
        back = entity.back = entity.short if entity.kind == "person" else draw.pick(kind.back)
        for name in told:
            value = self.value(entity, name)
            template = draw.pick(kind.relations[name].tell)
            subject = back if template.startswith("{s}") else _within(entity)
            told_value = value if isinstance(value, str) else value.title
            entity.where[name] = len(entity.sentences)
            entity.sentences.append(_upper(template.replace("{s}", subject).replace("{o}", told_value)))


_PLAIN: dict[str, tuple[str, ...]] = {
    "prize": names.PRIZES,
    "region": names.REGIONS,
    "hill": names.HILLS,
    "lake": names.LAKES,
    "colours": COLOURS,
}


def _within(entity: Entity) -> str:
    return f"the {entity.title}" if entity.kind == "river" else entity.title


def _upper(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _article(sentence: str) -> str:
    """`a` before a vowel becomes `an`, in the lead's own words only: after the verb."""
    for verb in (" is a ", " are a ", " was a "):
        place = sentence.find(verb)
        if place >= 0 and sentence[place + len(verb)] in "aeiouAEIO":
            return sentence[: place + len(verb) - 1] + "n" + sentence[place + len(verb) - 1 :]
    return sentence
