"""Structural faults of templates, assignments and rectifications, all of them at once."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence, Set
from functools import lru_cache

from mas2_env.pool import did_you_mean
from mas2_env.system.edit import attempt
from mas2_env.system.model import (
    Assignment,
    Channel,
    Critique,
    Debate,
    Limits,
    Rectification,
    Retry,
    Role,
    Route,
    Send,
    Skip,
    System,
    Template,
    Vote,
)
from mas2_env.system.shape import given, instance_faults
from mas2_env.system.structure import contributors, count_turns, find_circle, lanes, named, waits


def check_template(template: Template, tools: Collection[str], limits: Limits) -> list[str]:
    """Every fault of a template, each line beginning with its JSON path; empty if it is valid."""
    names = tools if isinstance(tools, tuple) else _ordered(tools)
    try:
        return list(_template_faults(template, names, limits))
    except TypeError:  # unhashable: not what the data model allows, so say where
        return instance_faults(template, Template) or list(_find_faults(template, names, limits))


def check_assignment(assignment: Assignment, template: Template, backbones: Collection[str]) -> list[str]:
    """Every fault of an assignment for a template; empty if it is valid."""
    if type(assignment) is not Assignment or type(assignment.backbones) is not dict:
        return instance_faults(assignment, Assignment) or ["$.backbones: expected a plain object"]
    faults = []
    given_names = assignment.backbones
    count = 0
    for role in template.roles:
        backbone = given_names.get(role.name)
        if backbone is None:
            if role.name in given_names:
                count += 1
                faults.append(f"$.backbones.{role.name}: given null, expected {_some(backbones)}")
            elif role.kind != "vote":
                faults.append(f"$.backbones.{role.name}: no backbone is given, expected {_some(backbones)}")
            continue
        count += 1
        path = f"$.backbones.{role.name}"
        if role.kind == "vote":
            faults.append(f"{path}: given {given(backbone)}, expected none: a vote makes no model call")
        elif not isinstance(backbone, str) or backbone not in backbones:
            hint = did_you_mean(str(backbone), backbones)
            faults.append(f"{path}: given {given(backbone)}, expected {_some(backbones)}{hint}")
    if count != len(given_names):
        names = [role.name for role in template.roles]
        faults += [
            f"$.backbones: given a role {given(name)}, expected {_some(names)}{did_you_mean(str(name), names)}"
            for name in given_names
            if name not in names
        ]
    return faults


def check_system(
    system: System, tools: Collection[str], backbones: Collection[str], limits: Limits
) -> list[str]:
    """Every fault of a system."""
    if type(system) is not System:
        return instance_faults(system, System)
    faults = check_template(system.template, tools, limits)
    found = [line.replace("$", "$.template", 1) for line in faults]
    if type(system.template) is Template and isinstance(system.template.roles, tuple):
        faults = check_assignment(system.assignment, system.template, backbones)
        found += [line.replace("$", "$.assignment", 1) for line in faults]
    return found


def check_rectification(
    rectification: Rectification,
    system: System,
    turns: Sequence[str],
    failed: Collection[str],
    tools: Collection[str],
    backbones: Collection[str],
    limits: Limits,
) -> list[str]:
    """Every fault of a rectification of a running system: of its edits, and of the system they lead to.

    `turns` are the ids of the system's turns, `failed` those that failed and may be retried or skipped.
    Faults of the resulting system begin with `$.edits: the edited system: ` and the path in that system.
    """
    faults = instance_faults(rectification, Rectification)
    if faults:
        return faults
    settled: dict[str, int] = {}
    for i, edit in enumerate(rectification.edits):
        if not isinstance(edit, Retry | Skip):
            continue
        path = f"$.edits[{i}].turn"
        if edit.turn in settled:
            faults.append(f"{path}: {given(edit.turn)} is settled by $.edits[{settled[edit.turn]}] already")
        elif edit.turn not in failed:
            wanted = f"expected a turn that failed: {', '.join(sorted(failed)) or 'none did'}"
            known = "has not failed" if edit.turn in turns else "is no turn of this system"
            faults.append(f"{path}: {given(edit.turn)} {known}, {wanted}{did_you_mean(edit.turn, sorted(failed))}")
        settled.setdefault(edit.turn, i)
    after, found = attempt(system, rectification.edits)
    faults += found
    if not found and after != system:
        faults += [
            f"$.edits: the edited system: {line}" for line in check_system(after, tools, backbones, limits)
        ]
    return faults


def _ordered(names: Collection[str]) -> tuple[str, ...]:
    # Sets have no order that outlives the process, and suggestions must not depend on it.
    return tuple(sorted(names)) if isinstance(names, Set) else tuple(names)


def _some(names: Collection[str]) -> str:
    shown = [str(name) for name in _ordered(names)]
    if not shown:
        return "none: there is none"
    return "one of " + ", ".join(shown[:12]) + (", ..." if len(shown) > 12 else "")


@lru_cache(maxsize=4096)
def _template_faults(template: Template, tools: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    return tuple(_find_faults(template, tools, limits))


def _find_faults(template: Template, tools: tuple[str, ...], limits: Limits) -> list[str]:
    faults = instance_faults(template, Template)
    if faults:
        return faults
    faults = _role_faults(template, tools, limits)
    unknown = _unknown_roles(template)
    faults += unknown
    check = _ChannelCheck(template, limits)
    faults += check.run()
    faults += _output_faults(template)
    if not unknown:
        circle = find_circle(waits(template))
        if circle:
            way = " -> ".join([*circle, circle[0]])
            faults.append(
                f"$.channels: given roles that wait for each other in a circle ({way}), expected none: "
                "drop one of the sends, or use a debate or a critique, which are bounded"
            )
    turns = count_turns(template)
    if turns > limits.max_turns:
        faults.append(
            f"$: given a system of {turns} turns (copies, rounds and revisions included), expected at most "
            f"{limits.max_turns}"
        )
    return faults


def _role_faults(template: Template, tools: tuple[str, ...], limits: Limits) -> list[str]:
    roles = template.roles
    if not roles:
        return ["$.roles: given none, expected at least one role"]
    faults = []
    if len(roles) > limits.max_roles:
        faults.append(f"$.roles: given {len(roles)} roles, expected at most {limits.max_roles}")
    place: dict[str, int] = {}
    for i, role in enumerate(roles):
        path = f"$.roles[{i}]"
        first = place.setdefault(role.name, i)
        if first != i:
            faults.append(f"{path}.name: {role.name!r} is the name of $.roles[{first}] already, expected another")
        faults += _limit_faults(role, path, limits)
        for j, tool in enumerate(role.tools):
            if tool not in tools:
                faults.append(
                    f"{path}.tools[{j}]: given {given(tool)}, expected {_some(tools)}{did_you_mean(tool, tools)}"
                )
            elif tool in role.tools[:j]:
                faults.append(f"{path}.tools[{j}]: {tool!r} is granted twice")
        if role.kind == "vote":
            if role.tools:
                faults.append(f"{path}.tools: given {len(role.tools)}, expected none: a vote makes no model call")
            if role.copies > 1:
                faults.append(f"{path}.copies: given {role.copies}, expected 1: a vote pools into one answer")
    return faults


def _limit_faults(role: Role, path: str, limits: Limits) -> list[str]:
    faults = []
    if role.copies > limits.max_copies:
        faults.append(f"{path}.copies: given {role.copies}, expected at most {limits.max_copies}")
    if len(role.prompt) > limits.max_prompt_chars:
        faults.append(
            f"{path}.prompt: given {len(role.prompt)} characters, expected at most {limits.max_prompt_chars}"
        )
    return faults


def _unknown_roles(template: Template) -> list[str]:
    names = [role.name for role in template.roles]
    return [
        f"$.channels[{i}]{place}: given {given(name)}, expected {_some(names)}{did_you_mean(name, names)}"
        for i, channel in enumerate(template.channels)
        for place, name in named(channel)
        if name not in names
    ]


def _output_faults(template: Template) -> list[str]:
    names = [role.name for role in template.roles]
    output = template.output
    if output not in names:
        hint = did_you_mean(output, names)
        what = f"given {given(output)}" if output else "no output is given"
        return [f"$.output: {what}, expected {_some(names)}{hint}"] if names else []
    faults = []
    many = lanes(template)[output]
    if many > 1:
        faults.append(
            f"$.output: given {output!r}, which has {many} independent outputs, expected a role with one: "
            "pool them in a role of kind vote, or send them to one that decides"
        )
    useful = contributors(template)
    for i, name in enumerate(names):
        if name not in useful:
            faults.append(
                f"$.roles[{i}]: nothing of {name!r} reaches the output {output!r}, expected a channel that leads "
                "there: add one or remove the role"
            )
    return faults


class _ChannelCheck:
    """Faults of single channels, and of what channels ask of one role together."""

    def __init__(self, template: Template, limits: Limits) -> None:
        self.template = template
        self.limits = limits
        self.faults: list[str] = []
        self.roles = {role.name: role for role in template.roles}
        self.taken: dict[tuple[str, str], str] = {}

    def run(self) -> list[str]:
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
                    f"$.roles[{i}]: no vote ends in {role.name!r}, expected a channel of type vote with it as target"
                )
        return self.faults

    def _take(self, path: str, part: str, name: str, wanted: str) -> None:
        """Note that a role plays a part that it may play only once."""
        where = self.taken.setdefault((part, name), path)
        if where != path:
            self.faults.append(f"{path}: {name!r} is {wanted} in {where} already, expected a role that is not")

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
            self.faults.append(f"{path}: {name!r} is of kind vote and makes no model call, so it cannot be {what}")

    def _send(self, path: str, send: Send) -> None:
        role = self.roles.get(send.target)
        if role is not None and role.kind == "vote":
            self.faults.append(
                f"{path}.target: {send.target!r} is of kind vote, expected a channel of type vote to it, not a send"
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
                self._take(f"{path}.sources[{i}]", f"vote {vote.target}", source, f"a source of {vote.target!r}")

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
            self.faults.append(f"{path}.ranker: {debate.ranker!r} is in the debate, expected a role outside it")
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
            self.faults.append(f"{path}.targets: the source {route.source!r} is among them, expected other roles")
        self._distinct(f"{path}.targets", route.targets)
        if route.choose >= len(route.targets):
            self.faults.append(
                f"{path}.choose: given {route.choose} of {len(route.targets)} targets, expected fewer than there are"
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
                self.faults.append(f"{path}{part}: {name!r} is {_PARTS[other]} at {where}, so it cannot be {what}")


_PARTS = {
    "debate": "in the debate",
    "author": "the author",
    "reviewer": "the reviewer",
    "ranker": "the ranker",
    "source": "the source of the route",
    "target": "a target of the route",
}
