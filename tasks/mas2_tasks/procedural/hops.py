"""Two-hop questions over a fictional world: bridge and comparison questions with ten paragraphs each."""

from msgspec import Struct

from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.hops_wording import SAME, SIZES, YEARS
from mas2_tasks.procedural.names import COUNTRIES
from mas2_tasks.procedural.telling import ask, distinct, fresh, mentioned, name_of, spare, unsaid
from mas2_tasks.procedural.world import KINDS, Entity, World

PARAGRAPHS = 10


class Question(Struct, frozen=True):
    """A question with its paragraphs and all that is known about it.

    Attributes:
        text: the question.
        answer: its answer.
        type: `bridge` or `comparison`.
        level: `easy`, `medium` or `hard`.
        facts: supporting facts, (title, number of the sentence).
        context: paragraphs, (title, sentences).
        distractors: wrong answers, most tempting first.
        steps: sentences of a correct derivation.
        probes: search queries of the two hops.
        hardness: structural difficulty.
    """

    text: str
    answer: str
    type: str
    level: str
    facts: tuple[tuple[str, int], ...]
    context: tuple[tuple[str, tuple[str, ...]], ...]
    distractors: tuple[str, ...]
    steps: tuple[str, ...]
    probes: tuple[str, str]
    hardness: float


# Chains (kind of A, relation to B, relation to the answer), the latter with a question of its own.
CHAINS = tuple(
    (kind, first, second)
    for kind, a in KINDS.items()
    for first, hop in a.relations.items()
    if hop.phrase and hop.to in KINDS and kind != "person"
    for second, last in KINDS[hop.to].relations.items()
    if last.ask
)
_MORE = tuple(SIZES)
_PAIRS = tuple(SAME)


def question(draw: Draw) -> Question:
    """The question of one stream of draws: four in five are bridge questions, as in the dev set."""
    if draw.random() < 0.8:
        return _bridge(draw)
    shape = draw.random()
    return _same(draw) if shape < 0.35 else _more(draw) if shape < 0.65 else _earlier(draw)


def _bridge(draw: Draw) -> Question:
    world = World(draw)
    kind, first, second = draw.pick(CHAINS)
    hop, last = KINDS[kind].relations[first], KINDS[KINDS[kind].relations[first].to].relations[second]
    start = world.make(kind, own=True)
    world.write(start, (first,), 3)
    bridge = start.values[first]
    assert isinstance(bridge, Entity)
    answer = unsaid(world, bridge, second, start)
    world.write(bridge, (second,), 3)
    rivals = [value for value in start.values.values() if isinstance(value, Entity) and value.kind == hop.to]
    rivals = [rival for rival in rivals if rival is not bridge][:1]
    others = [world.make(kind) for _ in range(2)]
    for other in others:
        world.write(other, (first,), 2)
        rivals.append(other.values[first])  # type: ignore[arg-type]
    rivals = [rival for i, rival in enumerate(rivals) if rival is not bridge and rival not in rivals[:i]]
    rivals += [world.make(hop.to, hop.role, start.year) for _ in range(4 - len(rivals))]
    for rival in rivals:
        fresh(world, rival, second, answer)
        world.write(rival, (second,), 2)
    articles = _fill(world, [start, bridge, *others, *rivals])
    wrong = [name_of(rival.values[second]) for rival in rivals]
    same = [name_of(value) for name, value in bridge.values.items() if _alike(bridge.kind, name, last.to)]
    near = [name_of(value) for name, value in start.values.items() if _alike(start.kind, name, last.to)]
    tempting = [text for text in (*near, *same) if text != name_of(answer)]
    front = tempting[:1] if draw.random() < 0.5 else []
    subject = draw.pick(hop.phrase).replace("{s}", world.mention(start))
    return Question(
        text=ask(draw.pick(last.ask), subject),
        answer=name_of(answer),
        type="bridge",
        level="hard" if tempting else "medium",
        facts=((start.title, start.where[first]), (bridge.title, bridge.where[second])),
        context=_context(draw, articles),
        distractors=distinct([*front, *wrong, *tempting, *spare(world, last.to, articles)], name_of(answer)),
        steps=(start.told(first), bridge.told(second)),
        probes=(subject, last.ask[0].replace("{s}", bridge.plain)),
        hardness=0.3 * bool(tempting) + (0.2 if last.to == "number" else 0.0) - 0.1,
    )


def _alike(kind: str, relation: str, to: str) -> bool:
    return KINDS[kind].relations[relation].to == to


def _fill(world: World, articles: list[Entity]) -> list[Entity]:
    """Up to ten articles: those given, then what they mention, then strangers."""
    for entity in world.draw.some(mentioned(articles), PARAGRAPHS - len(articles)):
        world.write(entity, (), 2)
        articles.append(entity)
    while len(articles) < PARAGRAPHS:
        articles.append(world.make(articles[-1].kind, articles[-1].role))
        world.write(articles[-1], (), 2)
    return articles


def _context(draw: Draw, articles: list[Entity]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Paragraphs in random order; as published, sentences after the first begin with a space."""
    return tuple([(entity.title, tuple(entity.sentences)) for entity in draw.some(articles, PARAGRAPHS)])


def _pair(draw: Draw, kind: str, must: tuple[str, ...]) -> tuple[World, Entity, Entity, list[Entity]]:
    world = World(draw)
    x = world.make(kind, own=True)
    y = world.make(kind, x.role)
    if abs(x.year - y.year) > 40 and draw.random() < 0.7:
        y.year = x.year + draw.pick((-9, -4, -2, 3, 7, 12))
    others = [world.make(kind, x.role) for _ in range(3)]
    for name in must:
        world.value(x, name)
    return world, x, y, others


def _choice(
    draw: Draw, made: tuple[World, Entity, Entity, list[Entity]], frame: str, winner: Entity, told: str
) -> Question:
    world, x, y, others = made
    loser = y if winner is x else x
    facts = tuple((entity.title, entity.where.get(told, 0)) for entity in (x, y))
    articles = _fill(world, [x, y, *others])
    return Question(
        text=ask(frame.replace("{x}", x.plain).replace("{y}", y.plain), ""),
        answer=winner.plain,
        type="comparison",
        level="medium",
        facts=facts,
        context=_context(draw, articles),
        distractors=distinct([loser.plain, *(other.plain for other in others)], winner.plain),
        steps=(x.told(told), y.told(told)),
        probes=(x.plain, y.plain),
        hardness=-0.3,
    )


def _earlier(draw: Draw) -> Question:
    kind = draw.pick(tuple(YEARS))
    made = world, x, y, others = _pair(draw, kind, ())
    if x.year == y.year:
        y.year += 2
    for entity in (x, y, *others):
        world.write(entity, (), 2)
    return _choice(draw, made, draw.pick(YEARS[kind]), x if x.year < y.year else y, "")


def _more(draw: Draw) -> Question:
    kind, name = draw.pick(_MORE)
    made = world, x, y, others = _pair(draw, kind, (name,))
    fresh(world, y, name, x.values[name])
    for entity in (x, y, *others):
        world.write(entity, (name,), 2)
    more = _number(x.values[name]) > _number(y.values[name])
    return _choice(draw, made, draw.pick(SIZES[kind, name]), x if more else y, name)


def _number(value: Entity | str) -> int:
    return int(name_of(value).replace(",", ""))


def _same(draw: Draw) -> Question:
    kind, name = draw.pick(_PAIRS)
    must = (name,) if name else ()
    world, x, y, others = _pair(draw, kind, must)
    equal = draw.random() < 0.5
    if not name:
        world.country(x)
        y.country = x.country if equal else draw.pick([c for c in COUNTRIES if c is not x.country])
    elif equal:
        y.values[name] = x.values[name]
    else:
        fresh(world, y, name, x.values[name])
    for entity in (x, y, *others):
        world.write(entity, must, 2)
    facts = tuple((entity.title, entity.where.get(name, 0)) for entity in (x, y))
    articles = _fill(world, [x, y, *others])
    values = [name_of(entity.values[name]) if name else world.country(entity)[0] for entity in (x, y)]
    return Question(
        text=draw.pick(SAME[kind, name]).replace("{x}", x.plain).replace("{y}", y.plain),
        answer="yes" if equal else "no",
        type="comparison",
        level="easy" if equal else "medium",
        facts=facts,
        context=_context(draw, articles),
        distractors=distinct(["no" if equal else "yes", *values, x.plain, y.plain], "yes" if equal else "no"),
        steps=(x.told(name), y.told(name)),
        probes=(x.plain, y.plain),
        hardness=-0.5 + 0.2 * (not equal),
    )
