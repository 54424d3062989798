"""Edits between systems."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET

from mas2_env.errors import InvalidDecision
from mas2_env.pool import did_you_mean
from mas2_env.system.model import (
    AddChannel,
    AddRole,
    Assignment,
    ChangeRole,
    Channel,
    Edit,
    Reassign,
    Rebuild,
    RemoveChannel,
    RemoveRole,
    Retry,
    Role,
    SetOutput,
    Skip,
    System,
    Template,
)
from mas2_env.system.shape import given

_CHANGEABLE = ("kind", "prompt", "tools", "copies")


def diff(a: System, b: System) -> tuple[Edit, ...]:
    """Find the edits that lead from one system to another.

    `apply(a, diff(a, b)) == b` for any two. The edits leave in place what both have in the same order; where
    a single `rebuild` is shorter, it is that.
    """
    if a == b:
        return ()
    edits = _channel_removals(a, b) + _role_edits(a, b) + _reassignments(a, b) + _channel_additions(a, b)
    if a.template.output != b.template.output:
        edits.append(SetOutput(b.template.output))
    rebuild = Rebuild(b)
    if len(msgspec.json.encode(edits)) > len(msgspec.json.encode([rebuild])):
        return (rebuild,)
    # Systems that break the rules (two roles of one name, backbones of roles that are not there) can be out
    # of the finer edits' reach.
    after, faults = attempt(a, edits)
    return (rebuild,) if faults or after != b else tuple(edits)


def apply(system: System, edits: Sequence[Edit]) -> System:
    """The system after the edits, in order. `retry` and `skip` leave it as it is.

    Raises:
        InvalidDecision: where an edit names something that is not there, with its JSON path.
    """
    after, faults = attempt(system, edits)
    if faults:
        raise InvalidDecision(faults)
    return after


def attempt(system: System, edits: Sequence[Edit]) -> tuple[System, list[str]]:
    """The system after those edits that can be made, and what was wrong with the others."""
    draft = _Draft(system)
    for i, edit in enumerate(edits):
        draft.edit(edit, f"$.edits[{i}]")
    return draft.system(), draft.faults


class _Draft:
    """A system that is being edited."""

    def __init__(self, system: System) -> None:
        self.faults: list[str] = []
        self._take(system)

    def _take(self, system: System) -> None:
        self.roles = list(system.template.roles)
        self.channels = list(system.template.channels)
        self.output = system.template.output
        self.backbones = dict(system.assignment.backbones)

    def system(self) -> System:
        template = Template(tuple(self.roles), tuple(self.channels), self.output)
        return System(template, Assignment(self.backbones))

    def edit(self, edit: Edit, path: str) -> None:
        if isinstance(edit, Retry | Skip):
            return
        make = _MAKE.get(type(edit))
        if make is None:
            self.faults.append(f"{path}: given a {type(edit).__name__}, expected an edit")
            return
        make(self, edit, path)

    def _find(self, name: str, path: str) -> int | None:
        names = [role.name for role in self.roles]
        if name in names:
            return names.index(name)
        wanted = ", ".join(names[:12]) or "none: there is no role left"
        self.faults.append(
            f"{path}: given {given(name)}, expected one of {wanted}{did_you_mean(name, names)}"
        )
        return None

    def _place(self, at: int | None, size: int, path: str) -> int | None:
        if at is None:
            return size
        if 0 <= at <= size:
            return at
        self.faults.append(f"{path}.at: given {at}, expected a position from 0 to {size}")
        return None

    def _reassign(self, edit: Reassign, path: str) -> None:
        if self._find(edit.role, f"{path}.role") is None:
            return
        if edit.backbone is None:
            self.backbones.pop(edit.role, None)
        else:
            self.backbones[edit.role] = edit.backbone

    def _add_role(self, edit: AddRole, path: str) -> None:
        if any(role.name == edit.role.name for role in self.roles):
            self.faults.append(
                f"{path}.role.name: {edit.role.name!r} is a role already, expected another name"
            )
            return
        at = self._place(edit.at, len(self.roles), path)
        if at is None:
            return
        self.roles.insert(at, edit.role)
        if edit.backbone is not None:
            self.backbones[edit.role.name] = edit.backbone

    def _remove_role(self, edit: RemoveRole, path: str) -> None:
        at = self._find(edit.role, f"{path}.role")
        if at is not None:
            del self.roles[at]
            self.backbones.pop(edit.role, None)

    def _change_role(self, edit: ChangeRole, path: str) -> None:
        at = self._find(edit.role, f"{path}.role")
        if at is None:
            return
        changes = {f: getattr(edit, f) for f in _CHANGEABLE if getattr(edit, f) is not UNSET}
        self.roles[at] = msgspec.structs.replace(self.roles[at], **changes)

    def _add_channel(self, edit: AddChannel, path: str) -> None:
        at = self._place(edit.at, len(self.channels), path)
        if at is not None:
            self.channels.insert(at, edit.channel)

    def _remove_channel(self, edit: RemoveChannel, path: str) -> None:
        if edit.channel in self.channels:
            self.channels.remove(edit.channel)
            return
        alike = [c for c in self.channels if type(c) is type(edit.channel)] or self.channels
        shown = (
            ", ".join(msgspec.json.encode(c).decode() for c in alike[:4]) or "none: there is no channel left"
        )
        self.faults.append(f"{path}.channel: no such channel; expected one exactly as it stands: {shown}")

    def _set_output(self, edit: SetOutput, path: str) -> None:
        self.output = edit.role

    def _rebuild(self, edit: Rebuild, path: str) -> None:
        self._take(edit.system)


_MAKE: dict[type, Callable[..., None]] = {
    Reassign: _Draft._reassign,
    AddRole: _Draft._add_role,
    RemoveRole: _Draft._remove_role,
    ChangeRole: _Draft._change_role,
    AddChannel: _Draft._add_channel,
    RemoveChannel: _Draft._remove_channel,
    SetOutput: _Draft._set_output,
    Rebuild: _Draft._rebuild,
}


def _role_edits(a: System, b: System) -> list[Edit]:
    old = {role.name: role for role in a.template.roles}
    order = {role.name: i for i, role in enumerate(b.template.roles)}
    names = [role.name for role in a.template.roles if role.name in order]
    kept = {names[i] for i in _rising([order[name] for name in names])}
    edits: list[Edit] = [RemoveRole(role.name) for role in a.template.roles if role.name not in kept]
    size = len(kept)
    for i, role in enumerate(b.template.roles):
        if role.name not in kept:
            backbone = b.assignment.backbones.get(role.name)
            edits.append(AddRole(role, backbone, None if i == size else i))
            size += 1
        elif role != old[role.name]:
            edits.append(_change(old[role.name], role))
    return edits


def _change(old: Role, new: Role) -> ChangeRole:
    changes = {f: getattr(new, f) for f in _CHANGEABLE if getattr(new, f) != getattr(old, f)}
    return ChangeRole(new.name, **changes)


def _reassignments(a: System, b: System) -> list[Edit]:
    before, after = a.assignment.backbones, b.assignment.backbones
    order = {role.name: i for i, role in enumerate(b.template.roles)}
    names = [role.name for role in a.template.roles if role.name in order]
    kept = [names[i] for i in _rising([order[name] for name in names])]
    return [Reassign(name, after.get(name)) for name in kept if before.get(name) != after.get(name)]


def _channel_removals(a: System, b: System) -> list[Edit]:
    kept = {i for i, _ in _common(a.template.channels, b.template.channels)}
    return [RemoveChannel(c) for i, c in enumerate(a.template.channels) if i not in kept]


def _channel_additions(a: System, b: System) -> list[Edit]:
    kept = {j for _, j in _common(a.template.channels, b.template.channels)}
    size = len(kept)
    edits: list[Edit] = []
    for j, channel in enumerate(b.template.channels):
        if j not in kept:
            edits.append(AddChannel(channel, None if j == size else j))
            size += 1
    return edits


def _rising(values: Sequence[int]) -> list[int]:
    """Indices of a longest rising subsequence (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for i, value in enumerate(values):
        at = bisect_left(tails, value)
        before.append(ends[at - 1] if at else -1)
        tails[at:] = [value, *tails[at + 1 :]]
        ends[at:] = [i, *ends[at + 1 :]]
    chosen: list[int] = []
    i = ends[-1] if ends else -1
    while i >= 0:
        chosen.append(i)
        i = before[i]
    return chosen[::-1]


def _common(a: Sequence[Channel], b: Sequence[Channel]) -> list[tuple[int, int]]:
    """Pairs of indices of a longest common subsequence."""
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            same = a[i] == b[j]
            best[i][j] = best[i + 1][j + 1] + 1 if same else max(best[i + 1][j], best[i][j + 1])
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
