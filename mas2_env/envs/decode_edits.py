"""From an array action to a rectification: what each operation does, and when it can."""

from collections.abc import Callable, Iterable
from typing import Final

from mas2_env.envs.layout import OPERATIONS, PARTS, STYLES
from mas2_env.observation import Observation
from mas2_env.system.edit import attempt
from mas2_env.system.model import (
    AddChannel,
    AddRole,
    Assignment,
    Channel,
    Critique,
    Debate,
    Edit,
    Reassign,
    Rebuild,
    Rectification,
    RemoveChannel,
    RemoveRole,
    Retry,
    Role,
    Skip,
    System,
    Template,
    Vote,
)
from mas2_env.system.validate import check_system

_SAMPLES: Final = 3

Make = Callable[[Observation, str, int], list[Edit]]


def decode_rectification(
    observation: Observation, operation: int, target: int, replacement: int
) -> Rectification:
    """The rectification that an operation stands for at this state.

    Args:
        observation: of the stage `rectify`.
        operation: its number among `OPERATIONS`.
        target: place of a role among those that are no vote.
        replacement: place of a backbone in the pool.
    """
    backbone = observation.backbones[replacement].name
    return Rectification(tuple(_MAKE[OPERATIONS[operation]](observation, backbone, target)))


def possible_operations(observation: Observation) -> list[int]:
    """Numbers of the operations that lead to a valid rectification at this state, and to another system."""
    found = [0]
    for number, name in enumerate(OPERATIONS[1:], start=1):
        edits = _MAKE[name](observation, observation.backbones[0].name, 0)
        if name in _STRUCTURAL:
            if edits and _leads_to_a_system(observation, edits):
                found.append(number)
        elif _applies(observation, name):
            found.append(number)
    return found


def speakers(template: Template) -> list[Role]:
    """Roles that need a backbone, in order."""
    return [role for role in template.roles if role.kind != "vote"]


def _applies(observation: Observation, name: str) -> bool:
    execution = observation.execution
    assert execution is not None
    if name == "reassign_role":
        return True
    if name == "reassign_waiting":
        return any(turn.status == "waiting" for turn in execution.turns)
    return bool(execution.failures)


def _leads_to_a_system(observation: Observation, edits: list[Edit]) -> bool:
    after, faults = attempt(_system(observation), edits)
    names = tuple([tool.name for tool in observation.tools])
    backbones = {backbone.name for backbone in observation.backbones}
    return not faults and not check_system(after, names, backbones, observation.limits)


def _system(observation: Observation) -> System:
    assert observation.template is not None
    assert observation.assignment is not None
    return System(observation.template, observation.assignment)


def _failed(observation: Observation) -> list[str]:
    assert observation.execution is not None
    return list(dict.fromkeys(failure.turn for failure in observation.execution.failures))


def _reassign(observation: Observation, roles: Iterable[str], backbone: str) -> list[Edit]:
    present = _system(observation).assignment.backbones
    return [
        Reassign(role, backbone)
        for role in dict.fromkeys(roles)
        if role in present and present[role] != backbone
    ]


def _continue(observation: Observation, backbone: str, target: int) -> list[Edit]:
    return []


def _retry(observation: Observation, backbone: str, target: int) -> list[Edit]:
    return [Retry(turn) for turn in _failed(observation)]


def _skip(observation: Observation, backbone: str, target: int) -> list[Edit]:
    return [Skip(turn) for turn in _failed(observation)]


def _reassign_failed(observation: Observation, backbone: str, target: int) -> list[Edit]:
    assert observation.execution is not None
    roles = [failure.role for failure in observation.execution.failures]
    return _reassign(observation, roles, backbone) + _retry(observation, backbone, target)


def _reassign_waiting(observation: Observation, backbone: str, target: int) -> list[Edit]:
    assert observation.execution is not None
    waiting = [turn.role for turn in observation.execution.turns if turn.status == "waiting"]
    return _reassign(observation, waiting, backbone)


def _reassign_role(observation: Observation, backbone: str, target: int) -> list[Edit]:
    roles = speakers(_system(observation).template)[:PARTS]
    return _reassign(observation, [roles[target].name], backbone) if target < len(roles) else []


def _shorten(observation: Observation, backbone: str, target: int) -> list[Edit]:
    edits: list[Edit] = []
    for channel in _system(observation).template.channels:
        short: Channel
        if isinstance(channel, Debate) and channel.rounds > 1:
            short = Debate(channel.roles, 1, channel.quorum, channel.ranker, channel.keep)
        elif isinstance(channel, Critique) and channel.revisions > 1:
            short = Critique(channel.author, channel.reviewer, 1)
        else:
            continue
        edits += [RemoveChannel(channel), AddChannel(short)]
    return edits


def _drop_reviewers(observation: Observation, backbone: str, target: int) -> list[Edit]:
    edits: list[Edit] = []
    for channel in _system(observation).template.channels:
        if isinstance(channel, Critique):
            edits += [RemoveChannel(channel), RemoveRole(channel.reviewer)]
    return edits


def _add_reviewer(observation: Observation, backbone: str, target: int) -> list[Edit]:
    template = _system(observation).template
    author = template.output
    for channel in template.channels:
        if isinstance(channel, Vote) and channel.target == template.output:
            author = channel.sources[0]
            break
    taken = {role.name for role in template.roles}
    name = next(name for name in ("reviewer", *(f"reviewer{i}" for i in range(2, 99))) if name not in taken)
    return [AddRole(Role(name, "critique"), backbone), AddChannel(Critique(author, name))]


def _rebuild_single(observation: Observation, backbone: str, target: int) -> list[Edit]:
    template = Template((_solver(observation, 1),), (), "solver")
    return [Rebuild(System(template, Assignment({"solver": backbone})))]


def _rebuild_vote(observation: Observation, backbone: str, target: int) -> list[Edit]:
    roles = (_solver(observation, _SAMPLES), Role("vote", "vote"))
    template = Template(roles, (Vote(("solver",), "vote"),), "vote")
    return [Rebuild(System(template, Assignment({"solver": backbone})))]


def _solver(observation: Observation, copies: int) -> Role:
    prompt = STYLES[1] if len(STYLES[1]) <= observation.limits.max_prompt_chars else ""
    return Role("solver", "solve", prompt, tuple([tool.name for tool in observation.tools]), copies)


_MAKE: Final[dict[str, Make]] = {
    "continue": _continue,
    "retry": _retry,
    "skip": _skip,
    "reassign_failed": _reassign_failed,
    "reassign_waiting": _reassign_waiting,
    "reassign_role": _reassign_role,
    "shorten": _shorten,
    "drop_reviewers": _drop_reviewers,
    "add_reviewer": _add_reviewer,
    "rebuild_single": _rebuild_single,
    "rebuild_vote": _rebuild_vote,
}
_STRUCTURAL: Final = frozenset(
    {"shorten", "drop_reviewers", "add_reviewer", "rebuild_single", "rebuild_vote"}
)
