"""From an array action to a template: slots, their relations, and what becomes of their answers.

Whatever values are chosen, the template is valid: a relation that cannot be had becomes the nearest that can,
roles that would not matter are left out, and a system beyond the limits is made smaller (rounds, then copies,
then slots).
"""

from collections.abc import Callable

from msgspec import Struct

from mas2_env.envs.layout import (
    AFTER,
    DEBATE,
    GATHER,
    JUDGE,
    KINDS,
    LAST,
    REVIEW,
    SLOTS,
    STYLES,
    VOTE,
)
from mas2_env.system.model import Channel, Critique, Limits, Role, RoleKind, Send, Template, Vote
from mas2_env.system.model import Debate as DebateChannel
from mas2_env.system.structure import contributors, count_turns


class Slot(Struct, frozen=True):
    """What an action says about one slot that is in use."""

    number: int
    kind: RoleKind
    relation: int
    copies: int
    tools: tuple[str, ...]
    prompt: str


class Plan(Struct, frozen=True):
    """What an action says about a template."""

    slots: tuple[Slot, ...]
    rounds: int
    aggregation: int


def decode_template(value: Callable[[str], int], tools: tuple[str, ...], limits: Limits) -> Template:
    """The template that an action describes.

    Args:
        value: the action's value in a dimension by name.
        tools: names of the task's tools.
        limits: bounds that the template keeps.
    """
    plan = _plan(value, tools, limits)
    while True:
        template = _Builder(plan, limits).build()
        if count_turns(template) <= limits.max_turns and len(template.roles) <= limits.max_roles:
            return template
        plan = _smaller(plan)


def _plan(value: Callable[[str], int], tools: tuple[str, ...], limits: Limits) -> Plan:
    slots = []
    for number in range(SLOTS):
        kind = KINDS[value(f"kind[{number}]")]
        if kind is None:
            continue
        prompt = STYLES[value(f"style[{number}]")]
        slots.append(
            Slot(
                number=number,
                kind=kind,
                relation=value(f"relation[{number}]"),
                copies=min(1 + value(f"copies[{number}]"), limits.max_copies),
                tools=_granted(value(f"tools[{number}]"), tools),
                prompt=prompt if len(prompt) <= limits.max_prompt_chars else "",
            )
        )
    return Plan(tuple(slots), 1 + value("rounds"), value("aggregation"))


def _granted(choice: int, tools: tuple[str, ...]) -> tuple[str, ...]:
    if choice == 0:
        return ()
    return tools if choice == 1 else (tools[choice - 2],)


def _smaller(plan: Plan) -> Plan:
    """The next smaller plan: a round fewer, else a copy of the largest slot, else a slot."""
    if plan.rounds > 1:
        return Plan(plan.slots, plan.rounds - 1, plan.aggregation)
    most = max(slot.copies for slot in plan.slots)
    if most > 1:
        slots = list(plan.slots)
        i = max(i for i, slot in enumerate(slots) if slot.copies == most)
        s = slots[i]
        slots[i] = Slot(s.number, s.kind, s.relation, s.copies - 1, s.tools, s.prompt)
        return Plan(tuple(slots), 1, plan.aggregation)
    if len(plan.slots) > 1:
        return Plan(plan.slots[:-1], 1, plan.aggregation)
    return Plan(plan.slots, 1, LAST)


class _Builder:
    """Puts the slots of a plan together, in order."""

    def __init__(self, plan: Plan, limits: Limits) -> None:
        self.plan = plan
        self.limits = limits
        self.roles: list[Role] = []
        self.channels: list[Channel] = []
        self.groups: dict[str, list[str]] = {}
        self.inputs: dict[str, list[str]] = {}
        self.reviewers: dict[str, str] = {}
        self.open: list[str] = []
        self.last = ""

    def build(self) -> Template:
        """The template."""
        for slot in self.plan.slots:
            self._add(slot)
        output = self._aggregate()
        self._debates()
        revisions = min(self.plan.rounds, self.limits.max_revisions)
        self.channels += [Critique(author, by, revisions) for author, by in self.reviewers.items()]
        return _pruned(Template(tuple(self.roles), tuple(self.channels), output))

    def _add(self, slot: Slot) -> None:
        name = f"{slot.kind}{slot.number + 1}"
        relation = slot.relation
        if relation == REVIEW and self.last in self.reviewers:
            relation = AFTER
        if relation == REVIEW and self.last:
            self.roles.append(Role(name, slot.kind, slot.prompt, slot.tools))
            self.reviewers[self.last] = name
            return
        inputs: list[str] = []
        group = [name]
        if relation == GATHER:
            inputs = list(self.open)
        elif relation == AFTER and self.last:
            inputs = list(self.groups[self.last])
        elif relation == DEBATE and self.last:
            inputs = self.inputs[self.last]
            group = self.groups[self.last]
            group.append(name)
        elif relation == DEBATE:
            self.groups[""] = group
        self.roles.append(Role(name, slot.kind, slot.prompt, slot.tools, slot.copies))
        self.channels += [Send(source, name) for source in inputs]
        self.groups[name] = group
        self.inputs[name] = inputs
        self.open = [*(one for one in self.open if one not in inputs), name]
        self.last = name

    def _aggregate(self) -> str:
        """Bring the open answers together. Returns the output role."""
        how = self.plan.aggregation
        if how == LAST or len(self.roles) >= self.limits.max_roles:
            i = next(i for i, role in enumerate(self.roles) if role.name == self.last)
            role = self.roles[i]
            self.roles[i] = Role(role.name, role.kind, role.prompt, role.tools)
            return self.last
        if how == VOTE:
            self.roles.append(Role("vote", "vote"))
            self.channels.append(Vote(tuple(self.open), "vote"))
            return "vote"
        kind: RoleKind = "judge" if how == JUDGE else "summarise"
        self.roles.append(Role(kind, kind))
        self.channels += [Send(source, kind) for source in self.open]
        return kind

    def _debates(self) -> None:
        copies = {role.name: role.copies for role in self.roles}
        rounds = min(self.plan.rounds, self.limits.max_rounds)
        groups = {id(group): group for group in self.groups.values()}
        alone = self.groups.get("")
        for group in groups.values():
            if (len(group) > 1 or group is alone) and sum(copies[name] for name in group) > 1:
                self.channels.append(DebateChannel(tuple(group), rounds))


def _pruned(template: Template) -> Template:
    """The template without roles of which nothing reaches the output."""
    useful = contributors(template)
    if len(useful) == len(template.roles):
        return template
    roles = tuple([role for role in template.roles if role.name in useful])
    return Template(roles, tuple([c for c in template.channels if _within(c, useful)]), template.output)


def _within(channel: Channel, names: set[str]) -> bool:
    """Whether all roles of a channel are among the names. Participants of a debate stay together."""
    if isinstance(channel, Send):
        return channel.source in names and channel.target in names
    if isinstance(channel, Critique):
        return channel.author in names
    if isinstance(channel, Vote):
        return channel.target in names
    return isinstance(channel, DebateChannel) and channel.roles[0] in names
