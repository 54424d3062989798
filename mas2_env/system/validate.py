"""Structural faults of templates, assignments and rectifications, all of them at once."""

from collections.abc import Collection, Sequence, Set
from functools import lru_cache

import msgspec

from mas2_env.pool import did_you_mean
from mas2_env.system.channels import ChannelCheck
from mas2_env.system.edit import attempt
from mas2_env.system.model import Assignment, Limits, Rectification, Retry, Role, Skip, System, Template
from mas2_env.system.shape import given, instance_faults
from mas2_env.system.structure import contributors, count_turns, find_circle, lanes, named, waits


def check_template(template: Template, tools: Collection[str], limits: Limits) -> list[str]:
    """Every fault of a template, each line beginning with its JSON path; empty if it is valid."""
    names = tools if isinstance(tools, tuple) else _ordered(tools)
    try:
        return list(_template_faults(template, msgspec.json.encode(template), names, limits))
    except (
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ):  # not what the data model allows: say where
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
            f"$.backbones: given a role {given(name)}, expected {_some(names)}"
            f"{did_you_mean(str(name), names)}"
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
            faults.append(
                f"{path}: {given(edit.turn)} {known}, {wanted}{did_you_mean(edit.turn, sorted(failed))}"
            )
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
def _template_faults(
    template: Template, written: bytes, tools: tuple[str, ...], limits: Limits
) -> tuple[str, ...]:
    # `written` keeps apart what Python takes to be equal: 1, 1.0 and True.
    return tuple(_find_faults(template, tools, limits))


def _find_faults(template: Template, tools: tuple[str, ...], limits: Limits) -> list[str]:
    faults = instance_faults(template, Template)
    if faults:
        return faults
    faults = _role_faults(template, tools, limits)
    unknown = _unknown_roles(template)
    faults += unknown
    faults += ChannelCheck(template, limits).run()
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
            faults.append(
                f"{path}.name: {role.name!r} is the name of $.roles[{first}] already, expected another"
            )
        faults += _limit_faults(role, path, limits)
        for j, tool in enumerate(role.tools):
            if tool not in tools:
                faults.append(
                    f"{path}.tools[{j}]: given {given(tool)}, expected {_some(tools)}"
                    f"{did_you_mean(tool, tools)}"
                )
            elif tool in role.tools[:j]:
                faults.append(f"{path}.tools[{j}]: {tool!r} is granted twice")
        if role.kind == "vote":
            if role.tools:
                faults.append(
                    f"{path}.tools: given {len(role.tools)}, expected none: a vote makes no model call"
                )
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
                f"$.roles[{i}]: nothing of {name!r} reaches the output {output!r}, expected a channel that "
                "leads there: add one or remove the role"
            )
    return faults
