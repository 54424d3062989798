"""Where the roles and channels of a template stand in a drawing: layers from left to right.

Layers follow from who waits for whom. A wire that crosses layers passes through a place of its own in each
of them, so that it never runs across a card (the method of Sugiyama, Tagawa and Toda, IEEE SMC 11, 1981,
with orders by barycentres).
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_env.system.model import Critique, Debate, Route, Send, Template, Vote
from mas2_env.system.structure import layers

WireKind: TypeAlias = Literal["send", "vote", "route", "critique", "rank", "answer"]


class Metrics(Struct, frozen=True):
    """Sizes in the units of the drawing, pixels or rows of characters; `port` is where wires meet a card."""

    card: int
    port: float
    gap: int
    title: int
    pad: int
    lane: int
    answer: int


ANSWER = "the answer"
"""Where the wire from the output role ends; no role can have this name, which has a space in it."""


class Wire(Struct, frozen=True):
    """A connection: `source` and `target` are roles, or `debate N` for a whole debate."""

    kind: WireKind
    source: str
    target: str
    label: str = ""
    both: bool = False


class Item(Struct):
    """What stands in a layer: a card, a debate's cards in a frame, or the passage of a wire."""

    members: tuple[str, ...]
    height: int
    port: float
    frame: str = ""
    title: str = ""
    top: int = 0

    @property
    def centre(self) -> float:
        """Where wires meet the item, from top to bottom."""
        return self.top + self.port


class Chain(Struct):
    """A wire and the items that it runs through, its ends included."""

    wire: Wire
    items: list[Item]


class Layout(Struct, frozen=True):
    """Items by layer, from left to right and top to bottom, and the wires between them.

    Attributes:
        columns: items of each layer.
        chains: wires that lead from left to right.
        loose: wires that do not: they close a circle, which a valid template has not.
        tops: upper edge of each role's card.
        column: layer of each role.
        height: of the whole.
    """

    columns: tuple[tuple[Item, ...], ...]
    chains: tuple[Chain, ...]
    loose: tuple[Wire, ...]
    tops: dict[str, int]
    column: dict[str, int]
    height: int


def wires(template: Template) -> list[Wire]:
    """The connections of a template, but for those inside a debate; the last leads to the answer."""
    known = {role.name for role in template.roles}
    found: list[Wire] = []
    for number, channel in enumerate(template.channels):
        match channel:
            case Send(source, target):
                found.append(Wire("send", source, target))
            case Vote(sources, target):
                found += [Wire("vote", source, target) for source in sources]
            case Route(source, targets, choose):
                labels = [f"picks {choose}"] + [""] * len(targets)
                found += [Wire("route", source, t, label) for t, label in zip(targets, labels, strict=False)]
            case Critique(author, reviewer, revisions):
                found.append(Wire("critique", author, reviewer, f"up to {revisions}×", both=True))
            case Debate(ranker=str(ranker), keep=keep, rounds=rounds):
                found.append(Wire("rank", f"debate {number}", ranker, f"keeps {keep}", both=rounds > 1))
            case _:
                pass
    if template.output in known:
        found.append(Wire("answer", template.output, ANSWER))
    ends = (
        {ANSWER} | known | {f"debate {i}" for i, c in enumerate(template.channels) if isinstance(c, Debate)}
    )
    return [wire for wire in found if wire.source in ends and wire.target in ends]


def debate_title(debate: Debate) -> str:
    """What the frame of a debate says."""
    rounds = f"{debate.rounds} round{'s' * (debate.rounds > 1)}"
    quorum = "" if debate.quorum is None else f" · quorum {debate.quorum:.0%}"
    return f"debate · {rounds}{quorum}"


def arrange(template: Template, metrics: Metrics) -> Layout:
    """Lay out a template. Any template will do, valid or not."""
    column = layers(template)
    columns: list[list[Item]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    place: dict[str, Item] = {}
    for item in _blocks(template, column, metrics):
        columns[column[item.members[0]]].append(item)
        place.update(dict.fromkeys(item.members, item))
        if item.frame:
            place[item.frame] = item
    if template.output in column:
        item = Item((ANSWER,), metrics.answer, metrics.answer / 2)
        column[ANSWER] = len(columns)
        columns.append([item])
        place[ANSWER] = item
    chains, loose = _chains(template, column, columns, place, metrics)
    _order(columns, chains)
    _settle(columns, chains, metrics)
    tops: dict[str, int] = {}
    for items in columns:
        for item in items:
            for i, name in enumerate(item.members):
                inset = metrics.title if item.frame else 0
                tops[name] = item.top + inset + i * (metrics.card + metrics.gap)
    height = max((item.top + item.height for items in columns for item in items), default=0)
    return Layout(tuple(map(tuple, columns)), tuple(chains), tuple(loose), tops, column, height)


def _blocks(template: Template, column: dict[str, int], metrics: Metrics) -> list[Item]:
    blocks: list[Item] = []
    framed: dict[str, Item] = {}
    for number, channel in enumerate(template.channels):
        if isinstance(channel, Debate):
            members = tuple(dict.fromkeys(n for n in channel.roles if n in column and n not in framed))
            if members:
                inner = len(members) * (metrics.card + metrics.gap) - metrics.gap
                height = metrics.title + inner + metrics.pad
                port = metrics.title + (inner - metrics.card) / 2 + metrics.port
                item = Item(members, height, port, f"debate {number}", debate_title(channel))
                framed.update(dict.fromkeys(members, item))
    for role in template.roles:
        item = framed.get(role.name) or Item((role.name,), metrics.card, metrics.port)
        if item not in blocks:
            blocks.append(item)
    return blocks


def _chains(
    template: Template,
    column: dict[str, int],
    columns: list[list[Item]],
    place: dict[str, Item],
    metrics: Metrics,
) -> tuple[list[Chain], list[Wire]]:
    chains: list[Chain] = []
    loose: list[Wire] = []
    for wire in wires(template):
        if wire.source not in place or wire.target not in place:
            continue
        start, end = place[wire.source], place[wire.target]
        first, last = column[start.members[0]], column[end.members[0]]
        if last <= first:
            loose.append(wire)
            continue
        passages = [Item((), metrics.lane, metrics.lane / 2) for _ in range(first + 1, last)]
        for layer, passage in zip(range(first + 1, last), passages, strict=True):
            columns[layer].append(passage)
        chains.append(Chain(wire, [start, *passages, end]))
    return chains, loose


def _neighbours(chains: Sequence[Chain]) -> tuple[dict[int, list[Item]], dict[int, list[Item]]]:
    before: dict[int, list[Item]] = {}
    after: dict[int, list[Item]] = {}
    for chain in chains:
        for a, b in pairwise(chain.items):
            after.setdefault(id(a), []).append(b)
            before.setdefault(id(b), []).append(a)
    return before, after


def _order(columns: list[list[Item]], chains: Sequence[Chain]) -> None:
    before, after = _neighbours(chains)
    rank = {id(item): i / len(items) for items in columns for i, item in enumerate(items)}

    def centre(near: dict[int, list[Item]]) -> Callable[[Item], float]:
        return lambda item: (
            sum(rank[id(other)] for other in near[id(item)]) / len(near[id(item)])
            if id(item) in near
            else rank[id(item)]
        )

    for _ in range(4):
        for near, sweep in ((before, columns), (after, columns[::-1])):
            for items in sweep:
                items.sort(key=centre(near))
                rank.update({id(item): (i + 0.5) / len(items) for i, item in enumerate(items)})


def _settle(columns: list[list[Item]], chains: Sequence[Chain], metrics: Metrics) -> None:
    before, after = _neighbours(chains)
    tallest = max((_stack(items, metrics) for items in columns), default=0)
    for items in columns:
        top = (tallest - _stack(items, metrics)) / 2
        for item in items:
            item.top = int(top)
            top += item.height + metrics.gap
    for turn in range(8):
        for items in columns if turn % 2 == 0 else columns[::-1]:
            wanted = []
            for item in items:
                near = before.get(id(item), []) + after.get(id(item), [])
                middle = sum(other.centre for other in near) / len(near) if near else item.centre
                wanted.append(middle - item.port)
            for item, top in zip(items, _apart(wanted, items, metrics.gap), strict=True):
                item.top = math.floor(top)
    lowest = min((item.top for items in columns for item in items), default=0)
    for items in columns:
        for item in items:
            item.top -= lowest


def _stack(items: Sequence[Item], metrics: Metrics) -> int:
    return sum(item.height + metrics.gap for item in items) - metrics.gap


def _apart(wanted: Sequence[float], items: Sequence[Item], gap: int) -> list[float]:
    """Tops near the wanted ones with every item clear of the next.

    The mean of pushing everything down and pushing everything up: both keep the distances, so the mean does.
    """
    down = list(wanted)
    for i in range(1, len(items)):
        down[i] = max(down[i], down[i - 1] + items[i - 1].height + gap)
    up = list(wanted)
    for i in range(len(items) - 2, -1, -1):
        up[i] = min(up[i], up[i + 1] - items[i].height - gap)
    return [(a + b) / 2 for a, b in zip(down, up, strict=True)]
