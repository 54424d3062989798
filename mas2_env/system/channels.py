"""Faults of channels: of each by itself, and of what they ask of one role together."""

from collections import Counter
from collections.abc import Callable

from mas2_env.system.model import Channel, Critique, Debate, Limits, Route, Send, Template, Vote


class ChannelCheck:
    """Faults of single channels, and of what channels ask of one role together."""

    def __init__(self, template: Template, limits: Limits) -> None:
        self.template = template
        self.limits = limits
        self.faults: list[str] = []
        self.roles = {role.name: role for role in template.roles}
        self.taken: dict[tuple[str, str], str] = {}

    def run(self) -> list[str]:
        """Every fault of the channels, each with its JSON path, but for unknown roles and circles."""
        first: dict[Channel, int] = {}
        for i, channel in enumerate(self.template.channels):
            path = f"$.channels[{i}]"
            if first.setdefault(channel, i) != i:
                self.faults.append(f"{path}: is the same as $.channels[{first[channel]}], expected it once")
                continue
            check: Callable[[str, Channel], None] = getattr(self, "_" + type(channel).__name__.lower())
            check(path, channel)
        for i, channel in enumerate(self.template.channels):
            self._company(f"$.channels[{i}]", channel)
        for i, role in enumerate(self.template.roles):
            if role.kind == "vote" and ("vote", role.name) not in self.taken:
                self.faults.append(
                    f"$.roles[{i}]: no vote ends in {role.name!r}, expected a channel of type vote with it "
                    "as target"
                )
        return self.faults

    def _take(self, path: str, part: str, name: str, wanted: str) -> None:
        """Note that a role plays a part that it may play only once."""
        where = self.taken.setdefault((part, name), path)
        if where != path:
            self.faults.append(
                f"{path}: {name!r} is {wanted} in {where} already, expected a role that is not"
            )

    def _bound(self, path: str, value: int, most: int) -> None:
        if value > most:
            self.faults.append(f"{path}: given {value}, expected at most {most}")

    def _distinct(self, path: str, names: tuple[str, ...]) -> None:
        self.faults += [
            f"{path}: given {name!r} {count} times, expected it once"
            for name, count in Counter(names).items()
            if count > 1
        ]

    def _single(self, path: str, name: str, what: str) -> None:
        role = self.roles.get(name)
        if role is not None and role.kind != "vote" and role.copies > 1:
            self.faults.append(f"{path}: {name!r} has {role.copies} copies, expected 1 for {what}")

    def _speaks(self, path: str, name: str, what: str) -> None:
        role = self.roles.get(name)
        if role is not None and role.kind == "vote":
            self.faults.append(
                f"{path}: {name!r} is of kind vote and makes no model call, so it cannot be {what}"
            )

    def _send(self, path: str, send: Send) -> None:
        role = self.roles.get(send.target)
        if role is not None and role.kind == "vote":
            self.faults.append(
                f"{path}.target: {send.target!r} is of kind vote, expected a channel of type vote to it, "
                "not a send"
            )

    def _vote(self, path: str, vote: Vote) -> None:
        role = self.roles.get(vote.target)
        if not vote.sources:
            self.faults.append(f"{path}.sources: given none, expected at least one role")
        self._distinct(f"{path}.sources", vote.sources)
        if role is not None and role.kind != "vote":
            self.faults.append(
                f"{path}.target: {vote.target!r} is of kind {role.kind}, expected a role of kind vote"
            )
        self.taken.setdefault(("vote", vote.target), path)
        for i, source in enumerate(vote.sources):
            if source not in vote.sources[:i]:
                self._take(
                    f"{path}.sources[{i}]", f"vote {vote.target}", source, f"a source of {vote.target!r}"
                )

    def _debate(self, path: str, debate: Debate) -> None:
        size = sum(self.roles[name].copies if name in self.roles else 1 for name in debate.roles)
        if size < 2:
            self.faults.append(f"{path}.roles: given {size} participants (copies count), expected at least 2")
        self._bound(f"{path}.rounds", debate.rounds, self.limits.max_rounds)
        self._distinct(f"{path}.roles", debate.roles)
        for i, name in enumerate(debate.roles):
            self._speaks(f"{path}.roles[{i}]", name, "in a debate")
            if name not in debate.roles[:i]:
                self._take(f"{path}.roles[{i}]", "debate", name, "in the debate")
        if debate.ranker is None:
            return
        self._speaks(f"{path}.ranker", debate.ranker, "a ranker")
        self._single(f"{path}.ranker", debate.ranker, "a ranker")
        self._take(f"{path}.ranker", "ranker", debate.ranker, "the ranker")
        if debate.ranker in debate.roles:
            self.faults.append(
                f"{path}.ranker: {debate.ranker!r} is in the debate, expected a role outside it"
            )
        if debate.keep >= size:
            self.faults.append(
                f"{path}.keep: given {debate.keep} of {size} participants, expected fewer than there are"
            )

    def _critique(self, path: str, critique: Critique) -> None:
        self._bound(f"{path}.revisions", critique.revisions, self.limits.max_revisions)
        self._take(f"{path}.author", "author", critique.author, "the author")
        self._take(f"{path}.reviewer", "reviewer", critique.reviewer, "the reviewer")
        self._speaks(f"{path}.author", critique.author, "an author")
        self._speaks(f"{path}.reviewer", critique.reviewer, "a reviewer")
        self._single(f"{path}.reviewer", critique.reviewer, "a reviewer")
        if critique.author == critique.reviewer:
            self.faults.append(f"{path}.reviewer: {critique.reviewer!r} is the author, expected another role")

    def _route(self, path: str, route: Route) -> None:
        if route.source in route.targets:
            self.faults.append(
                f"{path}.targets: the source {route.source!r} is among them, expected other roles"
            )
        self._distinct(f"{path}.targets", route.targets)
        if route.choose >= len(route.targets):
            self.faults.append(
                f"{path}.choose: given {route.choose} of {len(route.targets)} targets, expected fewer than "
                "there are"
            )
        self._speaks(f"{path}.source", route.source, "the source of a route")
        self._single(f"{path}.source", route.source, "the source of a route")
        self._take(f"{path}.source", "source", route.source, "the source of a route")
        for i, name in enumerate(route.targets):
            if name not in route.targets[:i]:
                self._take(f"{path}.targets[{i}]", "target", name, "the target of a route")

    def _company(self, path: str, channel: Channel) -> None:
        """Parts that one role cannot play beside others, since it takes no turn of its own for them."""
        others: tuple[str, ...]
        match channel:
            case Critique(reviewer=name):
                part, others = ".reviewer", ("debate", "author", "ranker", "source", "target")
            case Debate(ranker=str(name)):
                part, others = ".ranker", ("author", "reviewer", "source", "target")
                if ("debate", name) in self.taken and name not in channel.roles:
                    others += ("debate",)
            case Route(source=name):
                part, others = ".source", ("debate", "author")
            case _:
                return
        for other in others:
            where = self.taken.get((other, name))
            if where is not None and not where.startswith(path + "."):
                what = f"the {part[1:]} of this {type(channel).__name__.lower()}"
                self.faults.append(
                    f"{path}{part}: {name!r} is {_PARTS[other]} at {where}, so it cannot be {what}"
                )


_PARTS = {
    "debate": "in the debate",
    "author": "the author",
    "reviewer": "the reviewer",
    "ranker": "the ranker",
    "source": "the source of the route",
    "target": "a target of the route",
}
