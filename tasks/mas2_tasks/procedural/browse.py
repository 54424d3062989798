"""Questions that many facts together answer, over the documents of a closed world.

Each describes one thing by three to seven claims, of which every one is needed: all together are true of that
thing alone, and without any of them of others too. Those others, which fit all but one, are wrong answers.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_
from typing import Final

from msgspec import Struct

from mas2_tasks.procedural.browse_claims import Claim, Claims, Fact
from mas2_tasks.procedural.browse_text import document, name_of
from mas2_tasks.procedural.browse_wording import LINKS, NAMED, NOUNS, OPENERS, SUBJECTS
from mas2_tasks.procedural.browse_world import ITEMS, Closed, Thing, closed_world
from mas2_tasks.procedural.coins import serial
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.world import KINDS

FEWEST, MOST = 3, 7
"""Claims of a question."""
FEWEST_WRONG, MOST_WRONG = 4, 7
ATTRIBUTE: Final = 0.35
"""Questions for something of the thing, and not for its name."""
BROAD: Final = 0.85
"""Questions of many claims that are each true of many things."""
BACK: Final = 6.0
"""How much longer claims that go back from another thing are held on to, in questions that do so."""
HELD: Final = 0.6
TRIES: Final = 6
MOST_PROBES: Final = 8


class Browsed(Struct, frozen=True):
    """A question and all that is known about it.

    Attributes:
        text: the question.
        answer: its answer.
        distractors: wrong answers, those that fit most claims first.
        evidence: ids of the documents that tell the facts in question.
        gold: those of them in which the answer stands.
        steps: sentences of the documents that tell the facts, each with the id of its document.
        probes: searches that lead to the thing, step by step; the one for its name is at `named`.
        named: from which probe on the thing's name is searched for.
        claims: how many there are.
        target: the thing.
        used: the claims.
        relation: what is asked of the thing; empty for its name.
    """

    text: str
    answer: str
    distractors: tuple[str, ...]
    evidence: tuple[str, ...]
    gold: tuple[str, ...]
    steps: tuple[str, ...]
    probes: tuple[str, ...]
    named: int
    claims: int
    target: Thing
    used: tuple[Claim, ...]
    relation: str


def world_of(name: str, version: str, seed: int, index: int) -> Closed:
    """The world of the item at an index."""
    return closed_world(name, version, seed, index // ITEMS)


def browsed(name: str, version: str, seed: int, index: int) -> Browsed:
    """The question of the item at an index; no two items of a block ask about the same thing."""
    world = world_of(name, version, seed, index)
    draw = Draw(name, version, seed, index, serial=serial(seed, index))
    for target in _targets(world, index % ITEMS):
        for _ in range(TRIES):
            made = _question(world, draw, target)
            if made is not None:
                return made
    raise AssertionError("some thing of a world can be described")


_TURNS: Final = (
    "person film person novel person town company person film person album person novel stadium person "
    "university town person band film"
)
_ASKED: Final = tuple(_TURNS.split())
"""Kinds of the things asked about, in turn."""


def _targets(world: Closed, place: int) -> Iterator[Thing]:
    """Things that the item at a place of the block may ask about; none is among those of another."""
    kind = _ASKED[place % len(_ASKED)]
    if kind != "person":
        turn = place // len(_ASKED) * _ASKED.count(kind) + _ASKED[: place % len(_ASKED)].count(kind)
        turns = -(-ITEMS // len(_ASKED)) * _ASKED.count(kind)
        yield from world.shuffled(kind)[turn::turns]
    yield from world.shuffled("person")[place::ITEMS]


def _question(world: Closed, draw: Draw, target: Thing) -> Browsed | None:
    """A question about the thing; None if it comes out wrong."""
    bit = 1 << target.number
    claims = _needed(draw, Claims(world, draw).about(target), bit)
    if not FEWEST <= len(claims) <= MOST or not any(claim.anchored for claim in claims):
        return None
    relation = _relation(draw, target, claims) if draw.chance(ATTRIBUTE) else ""
    answer = name_of(target.values[relation]) if relation else target.name
    text = _worded(draw, target, claims, relation)
    if answer.lower() in text.lower() or target.name in text:
        return None
    facts = [fact for claim in claims for fact in claim.facts]
    if relation:
        facts.append((target, relation))
    evidence, gold, steps = _told(world, facts, target, answer)
    probes, named = _probes(target, claims)
    return Browsed(
        text=text,
        answer=answer,
        distractors=_wrong(world, draw, target, claims, (relation, answer)),
        evidence=evidence,
        gold=gold,
        steps=steps,
        probes=probes,
        named=named,
        claims=len(claims),
        target=target,
        used=claims,
        relation=relation,
    )


def _needed(draw: Draw, claims: list[Claim], bit: int) -> tuple[Claim, ...]:
    """Some of the claims that are true of one thing alone, each of them needed; none if there are no such."""
    if reduce(and_, [claim.mask for claim in claims]) != bit:
        return ()
    held = BACK if draw.chance(HELD) else 1.0
    many = draw.chance(BROAD)
    claims = _without_narrow(claims, bit) if many else claims
    sizes = {
        id(claim): (0.6 + 0.8 * draw.random()) * claim.mask.bit_count() * (held if claim.back else 1.0)
        for claim in claims
    }
    order = sorted(claims, key=lambda claim: sizes[id(claim)], reverse=not many)
    anchored = [claim for claim in claims if claim.anchored]
    if not anchored:
        return ()
    start = max(anchored, key=lambda claim: sizes[id(claim)])
    kept = claims
    for claim in (
        *(claim for claim in order if claim is not start),
        start,
    ):  # where to start is left till last
        others = [other for other in kept if other is not claim]
        if others and reduce(and_, [other.mask for other in others]) == bit:
            kept = others
    return tuple(draw.some(kept, len(kept)))


def _without_narrow(claims: list[Claim], bit: int) -> list[Claim]:
    """The claims that are true of many, if together they are true of one thing alone; else all of them."""
    ordered = sorted(claims, key=lambda claim: claim.mask.bit_count(), reverse=True)
    mask = -1
    for number, claim in enumerate(ordered, start=1):
        mask &= claim.mask
        if mask == bit and any(each.anchored for each in ordered[:number]):
            return ordered[:number]
    return claims


def _relation(draw: Draw, target: Thing, claims: Sequence[Claim]) -> str:
    """A relation of the thing that no claim tells; empty where there is none to ask for."""
    told = {fact for claim in claims for thing, fact in claim.facts if thing is target}
    free = [name for name in target.values if name not in told and KINDS[target.kind].relations[name].ask]
    return draw.pick(free) if free else ""


def _worded(draw: Draw, target: Thing, claims: Sequence[Claim], relation: str) -> str:
    noun = NOUNS[target.kind]
    text = draw.pick(OPENERS).replace("{a}", f"a {noun}" if noun[0] not in "aeiou" else f"an {noun}")
    subject = draw.pick(SUBJECTS[:1] if not text else SUBJECTS)
    for number, group in enumerate(_groups(draw, claims)):
        link = draw.pick(LINKS) if number else ""
        who = subject.replace("{n}", noun)
        sentence = f"{who} {_joined([claim.text for claim in group])}."
        text += (f"{link}{who[0].lower()}{sentence[1:]}" if link else sentence) + " "
        subject = draw.pick(SUBJECTS)
    if not relation:
        return text + draw.pick(NAMED.get(target.kind, NAMED[""])).replace("{n}", noun)
    asked = draw.pick(KINDS[target.kind].relations[relation].ask).replace("{s}", f"this {noun}")
    return text + asked[0].upper() + asked[1:]


def _groups(draw: Draw, claims: Sequence[Claim]) -> list[list[Claim]]:
    groups: list[list[Claim]] = []
    for claim in claims:
        if groups and len(groups[-1]) < 2 and len(claim.text) < 70 and draw.chance(0.4):
            groups[-1].append(claim)
        else:
            groups.append([claim])
    return groups


def _joined(texts: Sequence[str]) -> str:
    return " and ".join(texts)


def _told(
    world: Closed, facts: Sequence[Fact], target: Thing, answer: str
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Ids of the documents that tell the facts, of those in which the answer stands, and the sentences.

    What is told of the target stands in its own document and, where there is one, in a list.
    """
    places: dict[int, None] = {}
    steps: dict[str, None] = {}
    for thing, fact in facts:
        place = world.tells(thing, fact)
        places[place] = None
        if thing is target and (thing, fact) in world.listed:
            places[world.listed[thing, fact]] = None
        told = document(world, place)
        steps[f"{told.steps[fact].rstrip('.')} [{told.docid}]."] = None
    documents = [document(world, place) for place in places]
    gold = [told.docid for told in documents if answer in told.text]
    return tuple([told.docid for told in documents]), tuple(gold), tuple(steps)


def _wrong(
    world: Closed, draw: Draw, target: Thing, claims: Sequence[Claim], asked: tuple[str, str]
) -> tuple[str, ...]:
    """Answers for the things that fit all claims but one, then for others of the kind and sort."""
    relation, answer = asked
    near: dict[Thing, None] = {}
    for left_out in claims:
        mask = reduce(and_, [claim.mask for claim in claims if claim is not left_out])
        near |= dict.fromkeys(world.members(target.kind, mask))
    near.pop(target, None)
    things = draw.some(list(near), len(near))[:MOST_WRONG]
    alike = list(world.members(target.kind, world.fitting(target.kind, "word", target.word)))
    things += [thing for thing in draw.some(alike, FEWEST_WRONG + 4) if thing is not target]
    things += [
        thing for thing in draw.some(world.things[target.kind], FEWEST_WRONG + 4) if thing is not target
    ]
    found = dict.fromkeys([name_of(t.values[relation]) if relation else t.name for t in things])
    found.pop(answer, None)
    return tuple(found)[:MOST_WRONG]


def _probes(target: Thing, claims: Sequence[Claim]) -> tuple[tuple[str, ...], int]:
    """Searches from names in the question to the thing, then for its name and for what leads back to it."""
    inward = [probe for claim in claims for probe in claim.probes]
    others = {thing: None for claim in claims for thing, _ in claim.facts if thing is not target}
    reached = " ".join(inward)
    outward = [f"{target.name} {NOUNS[thing.kind]}" for thing in others if thing.name not in reached]
    unique = tuple(dict.fromkeys(inward))[: MOST_PROBES - 2]
    return (*unique, target.name, *dict.fromkeys(outward))[:MOST_PROBES], len(unique)
