"""Compositional questions: what is true of a thing that another fact names, over 20 to 30 articles."""

from msgspec import Struct

from mas2_tasks.procedural.compositions_wording import DATES, DESCRIPTIONS, SUPERLATIVES, second_most
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.hops import CHAINS
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
from mas2_tasks.procedural.telling import ask, fresh, name_of, unsaid
from mas2_tasks.procedural.world import KINDS, Entity, World

CHAINED, DESCRIBED = 0.5, 0.75
DATED = 0.3
FURTHER = 0.5
SAID_OF = 2
RANKED = 3
RUNNER_UP = 0.35

_HOPS = tuple(dict.fromkeys((kind, first) for kind, first, _ in CHAINS))
_DATED = tuple((kind, first) for kind, first in _HOPS if KINDS[kind].relations[first].to in DATES)
_DESCRIPTIONS = tuple(DESCRIPTIONS)
_SUPERLATIVES = tuple(SUPERLATIVES)
_LATER = (0, 1, 2, 3, 4, 5, 6, 8)
_ASKED = {
    kind: tuple([name for name, relation in made.relations.items() if relation.ask])
    for kind, made in KINDS.items()
}


class _Plan(Struct):
    """What a question is made of.

    Attributes:
        subject: what is asked about, as a noun phrase.
        path: facts in order, (entity, relation), the last one the answer; the relation `""` is the year.
        rivals: things of the last entity's kind, whose values are the tempting wrong answers.
        articles: entities whose articles the item must have, those of the path among them.
        probes: search queries.
        hardness: structural difficulty.
        known: entities, and the relation by whose value they are known: no others may share it.
    """

    subject: str
    path: tuple[tuple[Entity, str], ...]
    rivals: list[Entity]
    articles: list[Entity]
    probes: tuple[str, ...]
    hardness: float
    known: tuple[list[Entity], str] | None = None


def composition(draw: Draw) -> OpenQuestion:
    """The question of one stream of draws."""
    shape = draw.random()
    make = _chain if shape < CHAINED else _described if shape < DESCRIBED else _superlative
    made = None
    while made is None:
        world = World(draw)
        plan = make(world)
        made = _told(world, plan) if plan is not None else None
    return made


def _chain(world: World) -> _Plan:
    """What is true of the thing that a relation leads to."""
    draw = world.draw
    kind, first, second = (*draw.pick(_DATED), "") if draw.random() < DATED else draw.pick(CHAINS)
    hop = KINDS[kind].relations[first]
    start = world.make(kind, own=True)
    world.write(start, (first,), 3)
    bridge = start.values[first]
    assert isinstance(bridge, Entity)
    _settle(world, bridge, second, start)
    others = [world.make(kind) for _ in range(draw.between(2, 4))]
    led = [fresh(world, other, first, bridge) for other in others]
    for other in others:
        world.write(other, (first,), 2)
    rivals = [entity for entity in dict.fromkeys(led) if isinstance(entity, Entity)]
    rivals += [world.make(hop.to, hop.role, start.year) for _ in range(5 - len(rivals))]
    _tell(world, rivals, second, bridge)
    subject = draw.pick(hop.phrase).replace("{s}", world.mention(start))
    return _Plan(
        subject=subject,
        path=((start, first), (bridge, second)),
        rivals=rivals,
        articles=[start, bridge, *others, *rivals],
        probes=(subject, f"{bridge.plain} {second}"),
        hardness=0.0,
    )


def _described(world: World) -> _Plan:
    """What is true of the thing that a description names, or of what a relation of it leads to."""
    draw = world.draw
    kind, known = draw.pick(_DESCRIPTIONS)
    start = world.make(kind)
    value = unsaid(world, start, known, start)
    if isinstance(value, Entity):
        world.christen(value)
    subject = draw.pick(DESCRIPTIONS[kind, known]).replace("{o}", name_of(value))
    others = [world.make(kind, start.role) for _ in range(draw.between(3, 5))]
    for other in others:
        fresh(world, other, known, start.values[known])
    ways = [name for (of, name) in _HOPS if of == kind and name != known]
    probe, entity, first, rivals = subject, start, known, others
    if ways and draw.random() < FURTHER:
        first = draw.pick(ways)
        hop = KINDS[kind].relations[first]
        bridge = unsaid(world, start, first, start)
        assert isinstance(bridge, Entity)
        led = [fresh(world, other, first, bridge) for other in others]
        rivals = [value for value in dict.fromkeys(led) if isinstance(value, Entity)]
        subject, entity = draw.pick(hop.phrase).replace("{s}", subject), bridge
    second = "" if entity.kind in DATES and draw.random() < DATED else _asked(draw, entity, known)
    _settle(world, entity, second, start)
    _tell(world, rivals, second, entity)
    for other in others:
        if not other.sentences:
            world.write(other, (known, first) if first != known else (known,), SAID_OF)
    return _Plan(
        subject=subject,
        path=((start, known), (start, first), (entity, second)),
        rivals=rivals,
        articles=list(dict.fromkeys((start, entity, *others, *rivals))),
        probes=(probe, f"{entity.plain} {second}"),
        hardness=0.2 if entity is not start else -0.1,
        known=([start], known),
    )


def _superlative(world: World) -> _Plan | None:
    """What is true of the largest, longest or earliest of those that share something."""
    draw = world.draw
    kind, shared, size = draw.pick(_SUPERLATIVES)
    candidates = [world.make(kind) for _ in range(RANKED)]
    first, value = candidates[0].year, _shared(world, candidates[0], shared)
    for entity, later in zip(candidates, draw.some(_LATER, RANKED), strict=True):
        entity.year = first + later
        entity.values[shared] = value
    if size:
        candidates.sort(key=lambda entity: -_number(world.value(entity, size)))
        if len({entity.values[size] for entity in candidates}) < RANKED:
            return None
    else:
        candidates.sort(key=lambda entity: entity.year)
    rank = int(draw.random() < RUNNER_UP)
    winner = candidates[rank]
    second = _asked(draw, winner, shared, size)
    answer = unsaid(world, winner, second, winner)
    others = [world.make(kind) for _ in range(draw.between(2, 4))]
    losers = [entity for entity in candidates if entity is not winner]
    for entity in (*losers, *others):
        fresh(world, entity, second, answer)
        if entity in others:
            fresh(world, entity, shared, value)
    told = tuple(name for name in (shared, size, second) if name)
    for entity in (*candidates, *others):
        world.write(entity, told, len(told))
    subject = draw.pick(SUPERLATIVES[kind, shared, size]).replace("{o}", name_of(value))
    if rank:
        subject = second_most(subject)
    return _Plan(
        subject=subject,
        path=(
            *[
                fact
                for entity in (winner, *losers)[: 2 + rank]
                for fact in ((entity, shared), (entity, size))
            ],
            (winner, second),
        ),
        rivals=[*losers, *others],
        articles=[*candidates, *others],
        probes=(subject, f"{winner.plain} {second}", f"{kind} {name_of(value)} {shared}"),
        hardness=0.3 + 0.1 * rank,
        known=(candidates, shared),
    )


def _shared(world: World, entity: Entity, relation: str) -> Entity | str:
    """Settle what the ranked ones have in common, under a name that no other item has."""
    value = world.value(entity, relation)
    if isinstance(value, Entity):
        world.christen(value)
        return value
    return world.coined(KINDS[entity.kind].relations[relation].to) or value


def _asked(draw: Draw, entity: Entity, *but: str) -> str:
    """A relation of the entity that has questions."""
    return draw.pick([name for name in _ASKED[entity.kind] if name not in but])


def _number(value: Entity | str) -> int:
    return int(name_of(value).replace(",", ""))


def _settle(world: World, entity: Entity, relation: str, start: Entity) -> None:
    if relation:
        unsaid(world, entity, relation, start)


def _tell(world: World, rivals: list[Entity], relation: str, entity: Entity) -> None:
    """Articles on rivals, which tell of them what is asked of the entity, with other values."""
    for rival in rivals:
        if relation:
            fresh(world, rival, relation, entity.values[relation])
        world.write(rival, (relation,) if relation else (), SAID_OF)


def _told(world: World, plan: _Plan) -> OpenQuestion | None:
    """The question with its articles; None where it gives its answer away or has more than one."""
    for entity in plan.articles:
        if not entity.sentences:
            must = tuple(dict.fromkeys(name for of, name in plan.path if of is entity and name))
            world.write(entity, must, 1 + SAID_OF)
    collected = collect(world, plan.articles)
    if plan.known is not None and not only(collected, *plan.known):
        return None
    draw, (entity, last) = world.draw, plan.path[-1]
    if last:
        relation = KINDS[entity.kind].relations[last]
        answer, frames = name_of(entity.values[last]), relation.ask
        wrong = [name_of(rival.values[last]) for rival in plan.rivals]
        wrong += others_of(world, relation.to, collected)
    else:
        answer, frames = str(entity.year), DATES[entity.kind]
        wrong = years_near(draw, entity.year, [*plan.rivals, *collected])
    text = ask(draw.pick(frames), plan.subject)
    if answer in text:
        return None
    return OpenQuestion(
        text=text,
        answers=(answer,),
        documents=documents(collected),
        evidence=tuple(dict.fromkeys(of.title for of, _ in plan.path)),
        marks=_marks(plan),
        distractors=enough(world, wrong, entity, last, text, (answer,)),
        steps=tuple(dict.fromkeys(of.told(name) for of, name in plan.path)),
        probes=plan.probes,
        parts=2,
        hardness=plan.hardness + 0.2 * answer[0].isdigit(),
    )


def _marks(plan: _Plan) -> tuple[tuple[str, ...], ...]:
    """For each article of the path, its title in brackets and the sentences that count."""
    found: dict[str, dict[str, None]] = {}
    for entity, name in plan.path:
        found.setdefault(entity.title, {}).update(dict.fromkeys(mark(entity, name)))
    return tuple([tuple(marks) for marks in found.values()])
