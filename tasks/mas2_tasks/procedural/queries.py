"""Single-hop questions as people type them into a search engine, over twenty to thirty articles."""

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.names import COUNTRIES
from mas2_tasks.procedural.open_domain import (
    OpenQuestion,
    collect,
    documents,
    enough,
    mark,
    only,
    others_of,
    years_near,
)
from mas2_tasks.procedural.queries_wording import FRAMES, INVERSE, NOUNS, UNITS
from mas2_tasks.procedural.telling import fresh, name_of, unsaid
from mas2_tasks.procedural.world import KINDS, ROLES, Entity, World

INVERTED = 0.15
NAMED, DESCRIBED = 0.5, 0.4
ANOTHER = 0.45
BASE = -0.2

_ASKED = tuple((kind, relation) for kind, frames in FRAMES.items() for relation in frames)
_INVERSE = tuple((kind, relation) for kind, frames in INVERSE.items() for relation in frames)
_NOUNS = {kind: tuple(nouns.split("|")) for kind, nouns in NOUNS.items()}
_LEAD = frozenset(("year", "country", "role"))


def query(draw: Draw) -> OpenQuestion:
    """The question of one stream of draws."""
    make = _inverse if draw.random() < INVERTED else _direct
    made = make(draw)
    while made is None:
        made = make(draw)
    return made


def _direct(draw: Draw) -> OpenQuestion | None:
    kind, relation = draw.pick(_ASKED)
    world = World(draw)
    start = world.make(kind, own=True)
    told = "" if relation in _LEAD else relation
    if told:
        unsaid(world, start, told, start)
    world.write(start, (told,) if told else (), 3)
    answers = _answers(world, start, relation)
    if answers is None:
        return None
    siblings = _siblings(world, start, told)
    articles = collect(world, [start, *siblings])
    subject = start.plain
    if told and draw.random() < DESCRIBED:
        subject = world.mention(start, apart=False)
    elif kind in _NOUNS and draw.random() < NAMED:
        subject = f"{draw.pick(_NOUNS[kind])} {subject}"
    text = draw.pick(FRAMES[kind][relation]).replace("{s}", subject).lower()
    spoken = [answer for answer in answers if answer.lower() not in text]
    if answers[0] not in spoken:
        return None
    front = _tempting(start, relation)
    wrong = [*front, *_wrong(world, start, relation, siblings, articles)]
    return OpenQuestion(
        text=text,
        answers=tuple(spoken),
        documents=documents(articles),
        evidence=(start.title,),
        marks=(mark(start, told),),
        distractors=enough(world, wrong, start, told, text, tuple(answers)),
        steps=(start.told(told),),
        probes=(text, start.plain),
        parts=1,
        hardness=BASE + 0.3 * bool(front) + 0.2 * answers[0][0].isdigit(),
    )


def _inverse(draw: Draw) -> OpenQuestion | None:
    kind, relation = draw.pick(_INVERSE)
    world = World(draw)
    start = world.make(kind)
    value = unsaid(world, start, relation, start)
    if isinstance(value, Entity):
        world.christen(value)
    world.write(start, (relation,), 3)
    siblings = _siblings(world, start, relation)
    articles = collect(world, [start, *siblings])
    named = name_of(value)
    if not only(articles, [start], relation) or named in start.plain or start.plain in named:
        return None
    text = draw.pick(INVERSE[kind][relation]).replace("{o}", named).lower()
    answers = tuple(dict.fromkeys((start.plain, start.title)))
    wrong = [*(sibling.plain for sibling in siblings), *others_of(world, kind, articles)]
    return OpenQuestion(
        text=text,
        answers=answers,
        documents=documents(articles),
        evidence=(start.title,),
        marks=(mark(start, relation),),
        distractors=enough(world, wrong, start, "", text, answers),
        steps=(start.told(relation),),
        probes=(text, named),
        parts=1,
        hardness=BASE + 0.3,
    )


def _siblings(world: World, start: Entity, told: str) -> list[Entity]:
    """Others of its kind with articles, some of which tell the same of themselves."""
    made = []
    for _ in range(world.draw.between(4, 7)):
        other = world.make(start.kind, start.role)
        if told:
            fresh(world, other, told, start.values[told])
        world.write(other, (told,) if told else (), 2)
        made.append(other)
    return made


def _answers(world: World, start: Entity, relation: str) -> list[str] | None:
    """Accepted answers, as different annotators give them; None where the article does not tell."""
    draw = world.draw
    if relation == "year":
        year = str(start.year)
        return [year, f"in {year}"] if draw.random() < ANOTHER else [year]
    if relation == "country":
        country, nation = world.country(start)
        shown = country.removeprefix("the ")
        return [shown, nation] if shown in start.sentences[0] or nation in start.sentences[0] else None
    if relation == "role":
        return list(dict.fromkeys((start.role, start.role.split()[-1])))
    value = start.values[relation]
    others = _aliases(world, start, relation)
    return [name_of(value), *others] if draw.random() < ANOTHER else [name_of(value)]


def _aliases(world: World, start: Entity, relation: str) -> list[str]:
    """Other wordings of a value."""
    draw, value = world.draw, start.values[relation]
    if isinstance(value, Entity):
        if value.kind == "person":
            return [value.short]
        if value.kind == "town":
            return [f"{value.plain}, {world.country(value)[0].removeprefix('the ')}"]
        if value.kind == "river":
            return [value.plain.removeprefix("River ").removesuffix(" River")]
        return [value.title] if value.title != value.plain else []
    if KINDS[start.kind].relations[relation].to == "minutes":
        hours, minutes = divmod(int(value), 60)
        return [f"{value} minutes", f"{hours} hours {minutes} minutes" if hours > 1 else f"{value} min"]
    if relation in UNITS:
        units = UNITS[relation]
        return [f"{value} {unit}" for unit in draw.some(units, draw.between(1, len(units)))]
    one, _, other = value.partition(" and ")
    if other:
        return [f"{other} and {one}", one, other]
    first, _, rest = value.partition(" ")
    return [rest] if first in ("Mount", "Ben", "Lake") else []


def _tempting(start: Entity, relation: str) -> list[str]:
    """What the same article says of the answer's kind, beside the answer."""
    if relation in _LEAD:
        return []
    relations = KINDS[start.kind].relations
    return [
        name_of(value)
        for name, value in start.values.items()
        if name != relation and relations[name].to == relations[relation].to
    ]


def _wrong(
    world: World, start: Entity, relation: str, siblings: list[Entity], articles: list[Entity]
) -> list[str]:
    """What other articles say, and more of its kind."""
    draw = world.draw
    if relation == "year":
        return years_near(draw, start.year, [*siblings, *articles])
    if relation == "country":
        there = [entity.country for entity in (*siblings, *articles) if entity.country is not None]
        return [country.removeprefix("the ") for country, _ in (*there, *draw.some(COUNTRIES, 6))]
    if relation == "role":
        return draw.some([role for role in ROLES if role.split()[-1] != start.role.split()[-1]], 6)
    values = [name_of(sibling.values[relation]) for sibling in siblings]
    more = others_of(world, KINDS[start.kind].relations[relation].to, articles)
    return [*values, *(text for text in more if text != start.plain)]
