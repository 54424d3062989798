"""Questions over a collection of articles of the fictional world, of which few matter."""

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.telling import distinct, mentioned, name_of
from mas2_tasks.procedural.world import KINDS, Entity, World

FEWEST, MOST = 20, 30
"""Articles of an item."""

FEWEST_WRONG = 4
SAID = 2
ERA = 60

_KINDS = tuple(KINDS)
_STEPS = (-10, -5, -3, -2, -1, 1, 2, 4, 8)


class OpenQuestion(Struct, frozen=True):
    """A question with its articles and all that is known about it.

    Attributes:
        text: the question.
        answers: accepted answers, the usual one first.
        documents: articles, (title, sentences).
        evidence: titles of the articles that are needed.
        marks: for each of them, sentences either of which shows that a text holds what is needed of it.
        distractors: wrong answers, most tempting first.
        steps: sentences of a correct derivation.
        probes: search queries, one for each step.
        parts: facts that must be found.
        hardness: structural difficulty.
    """

    text: str
    answers: tuple[str, ...]
    documents: tuple[tuple[str, tuple[str, ...]], ...]
    evidence: tuple[str, ...]
    marks: tuple[tuple[str, ...], ...]
    distractors: tuple[str, ...]
    steps: tuple[str, ...]
    probes: tuple[str, ...]
    parts: int
    hardness: float


def collect(world: World, articles: list[Entity]) -> list[Entity]:
    """Those given, then what they mention, then strangers, up to a random number, in random order."""
    draw = world.draw
    wanted = draw.between(FEWEST, MOST)
    chosen = list(articles)
    for entity in draw.some(mentioned(articles), wanted - len(chosen)):
        world.write(entity, (), SAID)
        chosen.append(entity)
    while len(chosen) < wanted:
        chosen.append(world.make(draw.pick(_KINDS)))
        world.write(chosen[-1], (), SAID)
    return draw.some(chosen, wanted)


def documents(articles: list[Entity]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Articles as (title, sentences); sentences after the first begin with a space."""
    return tuple([(entity.title, tuple(entity.sentences)) for entity in articles])


def only(articles: list[Entity], subjects: list[Entity], relation: str) -> bool:
    """Whether no other article gives the relation the value that it has for the subjects."""
    value, kind = subjects[0].values[relation], subjects[0].kind
    return not any(
        entity.kind == kind and entity.values.get(relation) == value and entity not in subjects
        for entity in articles
    )


def mark(entity: Entity, relation: str) -> tuple[str, str]:
    """What shows that a text holds the entity's article, or the sentence of it that tells the relation."""
    return (f"[{entity.title}]", entity.told(relation))


def others_of(world: World, kind: str, articles: list[Entity]) -> list[str]:
    """Further wrong answers of a kind: what else there is of it, or what the articles give for it."""
    if kind in KINDS:
        return [
            entity.plain for (known, _), made in world.by_kind.items() if known == kind for entity in made
        ]
    return [
        name_of(value)
        for entity in articles
        for name, value in entity.values.items()
        if KINDS[entity.kind].relations[name].to == kind
    ]


def years_near(draw: Draw, year: int, articles: list[Entity]) -> list[str]:
    """Wrong years: those of other articles, then some close by."""
    told = [entity.year for entity in articles if abs(entity.year - year) <= ERA]
    return [str(other) for other in (*told, *(year + step for step in draw.some(_STEPS, FEWEST_WRONG)))]


def enough(
    world: World, wrong: list[str], subject: Entity, relation: str, text: str, answers: tuple[str, ...]
) -> tuple[str, ...]:
    """Distinct wrong answers that the question does not name, with made-up ones where there are too few."""
    found = distinct([other for other in wrong if other.lower() not in text.lower()], *answers)
    while len(found) < FEWEST_WRONG:
        other = world.make(subject.kind, subject.role)
        made = name_of(world.value(other, relation)) if relation else other.plain
        found = distinct([*found, made], *answers)
    return found
