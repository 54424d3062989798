"""Compiling a template into a plan: the turns it consists of, and what each of them waits for.

A *lane* is one copy of one role. Its turns follow each other: first answer, debate rounds, revisions; its
output is that of its last turn that was done. The order of a plan's nodes is canonical: first turns in the
order of the roles, then debates, then critiques, in the order of the channels.
"""

from collections.abc import Sequence
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from hashlib import blake2b

from msgspec import Struct

from mas2_env.errors import InvalidDecision
from mas2_env.execution.operation import Purpose, Relation, Turn
from mas2_env.system.model import Critique, Debate, Role, Route, Send, Template, Vote


class Ref(Struct, frozen=True):
    """A message that a turn is given: the first output among `nodes`, latest turn first, if there is one.

    `name` is the participant's name in a debate with a ranker, else None.
    """

    nodes: tuple[int, ...]
    relation: Relation
    name: str | None = None


class Quorum(Struct, frozen=True):
    """Skips a debate round once more than `share` of the participants' last answers agree."""

    lanes: tuple[tuple[int, ...], ...]
    share: float


class Kept(Struct, frozen=True):
    """Skips a debate round for participants that the ranker's turn did not name."""

    ranker: int
    name: str
    options: tuple[str, ...]
    keep: int


class Sent(Struct, frozen=True):
    """Skips a revision unless the review sent the work back."""

    review: int


class Present(Struct, frozen=True):
    """Skips a review unless one of `nodes` was done: there is nothing (new) to review."""

    nodes: tuple[int, ...]


class Chosen(Struct, frozen=True):
    """Bypasses a target of a route that its source did not choose."""

    source: int
    name: str
    options: tuple[str, ...]
    choose: int


class Fed(Struct, frozen=True):
    """Bypasses a turn if a route bypassed all of `nodes`: its senders, or its own first turn."""

    nodes: tuple[int, ...]


Gate = Quorum | Kept | Sent | Present | Chosen | Fed


class Node(Struct, frozen=True, eq=False):
    """A turn in a plan.

    Attributes:
        turn: the fixed part of its model calls.
        refs: messages it is given, in canonical order.
        gates: conditions under which it is skipped.
        needs: nodes that must be settled before it can begin.
        content: digest of all of `turn`, for keys.
        pooled: whether it is a vote, which makes no model call.
    """

    turn: Turn
    refs: tuple[Ref, ...]
    gates: tuple[Gate, ...]
    needs: tuple[int, ...]
    content: bytes
    pooled: bool


class Plan(Struct, frozen=True, eq=False):
    """A compiled template.

    Attributes:
        nodes: turns in canonical order.
        dependents: for each node, those that wait for it.
        waits: for each node, how many nodes it waits for.
        output: the lanes of the output role.
        turns: ids of all turns, in order.
        places: index of each turn by its id.
    """

    nodes: tuple[Node, ...]
    dependents: tuple[tuple[int, ...], ...]
    waits: tuple[int, ...]
    output: tuple[tuple[int, ...], ...]
    turns: tuple[str, ...]
    places: dict[str, int]


class _Draft:
    """A node under construction."""

    __slots__ = ("gates", "needs", "refs", "turn")

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.refs: list[Ref] = []
        self.gates: list[Gate] = []
        self.needs: set[int] = set()

    def give(self, lane: Sequence[int], relation: Relation, name: str | None = None) -> None:
        self.refs.append(Ref(tuple(lane[::-1]), relation, name))
        self.needs.add(lane[-1])

    def gate(self, gate: Gate, *needs: int) -> None:
        self.gates.append(gate)
        self.needs.update(needs)


@lru_cache(maxsize=512)
def compile_template(template: Template) -> Plan:
    """The plan of a template.

    Raises:
        InvalidDecision: if roles wait for each other in a circle. (A validated template never does.)
    """
    return _Compiler(template).plan()


class _Compiler:
    def __init__(self, template: Template) -> None:
        self.template = template
        self.roles = {role.name: role for role in template.roles}
        self.drafts: list[_Draft] = []
        self.lanes: dict[str, list[list[int]]] = {role.name: [] for role in template.roles}
        self.routed = any(isinstance(channel, Route) for channel in template.channels)

    def plan(self) -> Plan:
        debates = [c for c in self.template.channels if isinstance(c, Debate)]
        critiques = [c for c in self.template.channels if isinstance(c, Critique)]
        routes = [c for c in self.template.channels if isinstance(c, Route)]
        idle = {c.reviewer for c in critiques} | {c.ranker for c in debates if c.ranker}
        self._first_turns(idle, routes)
        for debate in debates:
            self._debate(debate)
        for critique in critiques:
            self._critique(critique)
        for role in self.template.roles:
            self._inputs(role.name, gated=role.name not in idle)
        for route in routes:
            self._route(route)
        return self._finish()

    def _add(self, role: Role, copy: int, round: int, purpose: Purpose, options: tuple[str, ...] = ()) -> int:
        self.drafts.append(
            _Draft(
                Turn(
                    id=f"{role.name}#{copy}@{round}",
                    role=role.name,
                    kind=role.kind,
                    prompt=role.prompt,
                    tools=role.tools,
                    copy=copy,
                    round=round,
                    purpose=purpose,
                    options=options,
                )
            )
        )
        return len(self.drafts) - 1

    def _first_turns(self, idle: set[str], routes: Sequence[Route]) -> None:
        targets = {route.source: route.targets for route in routes}
        for role in self.template.roles:
            if role.name in idle:
                continue
            purpose: Purpose = "route" if role.name in targets else "draft"
            for copy in range(1 if role.kind == "vote" else role.copies):
                self.lanes[role.name].append([self._add(role, copy, 0, purpose, targets.get(role.name, ()))])

    def _debate(self, debate: Debate) -> None:
        participants = {
            name if len(self.lanes[name]) == 1 else f"{name}#{copy}": lane
            for name in debate.roles
            for copy, lane in enumerate(self.lanes[name])
        }
        names = tuple(participants)
        ranking: int | None = None
        for round in range(1, debate.rounds + 1):
            before = {name: tuple(lane) for name, lane in participants.items()}
            quorum = None if debate.quorum is None else Quorum(tuple(before.values()), debate.quorum)
            for name, lane in participants.items():
                first = self.drafts[lane[0]].turn
                turn = self._add(self.roles[first.role], first.copy, round, "debate")
                draft = self.drafts[turn]
                draft.give(before[name], "own")
                for other, past in before.items():
                    if other != name:
                        draft.give(past, "peer", other)
                self._fed(draft, lane[:1])
                if quorum is not None:
                    draft.gate(quorum)
                if ranking is not None:
                    draft.gate(Kept(ranking, name, names, debate.keep), ranking)
                lane.append(turn)
            if round == 1 and debate.ranker is not None:
                ranking = self._ranking(self.roles[debate.ranker], participants, debate.quorum)

    def _ranking(self, ranker: Role, participants: dict[str, list[int]], quorum: float | None) -> int:
        ranking = self._add(ranker, 0, 0, "rank", tuple(participants))
        draft = self.drafts[ranking]
        for name, lane in participants.items():
            draft.give(lane, "candidate", name)
        self._fed(draft, [lane[0] for lane in participants.values()])
        if quorum is not None:
            draft.gate(Quorum(tuple([tuple(lane) for lane in participants.values()]), quorum))
        self.lanes[ranker.name].append([ranking])
        return ranking

    def _critique(self, critique: Critique) -> None:
        author, reviewer = self.roles[critique.author], self.roles[critique.reviewer]
        for copy, lane in enumerate(self.lanes[author.name]):
            reviews: list[int] = []
            for k in range(critique.revisions):
                review = self._add(reviewer, copy, k, "review")
                self.drafts[review].give(lane, "candidate")
                self._fed(self.drafts[review], lane[:1])
                self.drafts[review].gate(Present(tuple(lane) if k == 0 else (lane[-1],)))
                reviews.append(review)
                revision = self._add(author, copy, self.drafts[lane[-1]].turn.round + 1, "revise")
                self.drafts[revision].give(lane, "own")
                self.drafts[revision].give([review], "review")
                self.drafts[revision].gate(Sent(review))
                lane.append(revision)
            self.lanes[reviewer.name].append(reviews)

    def _inputs(self, name: str, gated: bool) -> None:
        """What is sent to a role reaches each of its turns, before everything else that it is given."""
        senders: list[list[int]] = []
        for channel in self.template.channels:
            if isinstance(channel, Send) and channel.target == name:
                senders += self.lanes[channel.source]
            elif isinstance(channel, Vote) and channel.target == name:
                senders += [lane for source in channel.sources for lane in self.lanes[source]]
        if not senders:
            return
        for lane in self.lanes[name]:
            for turn in lane:
                draft = self.drafts[turn]
                draft.refs[:0] = [Ref(tuple(sender[::-1]), "input") for sender in senders]
                draft.needs.update([sender[-1] for sender in senders])
            if gated:
                self._fed(self.drafts[lane[0]], [sender[0] for sender in senders])

    def _fed(self, draft: _Draft, nodes: Sequence[int]) -> None:
        if self.routed:  # nothing else bypasses turns
            draft.gate(Fed(tuple(nodes)))

    def _route(self, route: Route) -> None:
        source = self.lanes[route.source][0][-1]
        for name in route.targets:
            for lane in self.lanes[name]:
                self.drafts[lane[0]].gate(Chosen(source, name, route.targets, route.choose), source)

    def _finish(self) -> Plan:
        self._check_circles()
        dependents: list[list[int]] = [[] for _ in self.drafts]
        for i, draft in enumerate(self.drafts):
            for need in sorted(draft.needs):
                dependents[need].append(i)
        nodes = tuple(
            [
                Node(
                    turn=draft.turn,
                    refs=tuple(draft.refs),
                    gates=tuple(draft.gates),
                    needs=tuple(sorted(draft.needs)),
                    content=_content(draft.turn),
                    pooled=draft.turn.kind == "vote",
                )
                for draft in self.drafts
            ]
        )
        return Plan(
            nodes=nodes,
            dependents=tuple(map(tuple, dependents)),
            waits=tuple([len(node.needs) for node in nodes]),
            output=tuple([tuple(lane) for lane in self.lanes.get(self.template.output, ())]),
            turns=tuple([node.turn.id for node in nodes]),
            places={node.turn.id: index for index, node in enumerate(nodes)},
        )

    def _check_circles(self) -> None:
        graph = TopologicalSorter({i: draft.needs for i, draft in enumerate(self.drafts)})
        try:
            graph.prepare()
        except CycleError as error:
            roles = list(dict.fromkeys(self.drafts[i].turn.role for i in error.args[1]))
            raise InvalidDecision(
                [f"$.channels: roles {', '.join(roles)} wait for each other in a circle"]
            ) from None


def _content(turn: Turn) -> bytes:
    parts = (
        turn.id,
        turn.kind,
        turn.prompt,
        "\x1f".join(turn.tools),
        turn.purpose,
        "\x1f".join(turn.options),
    )
    return blake2b("\x1e".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()
