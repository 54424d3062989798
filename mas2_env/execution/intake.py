"""What an episode takes from a policy: nothing that it cannot price, write down, or keep from changing."""

from typing import Any, Final

import msgspec

from mas2_env.errors import InvalidDecision
from mas2_env.execution.execution import Execution
from mas2_env.policy import Usage
from mas2_env.pool import Pool, did_you_mean
from mas2_env.settings import Settings
from mas2_env.system.model import Assignment, Decision, Edit, Rebuild, Rectification, System, Template
from mas2_env.system.validate import check_assignment, check_rectification, check_template
from mas2_env.task import Task

KINDS: Final[dict[str, type[Any]]] = {
    "generate": Template,
    "implement": Assignment,
    "rectify": Rectification,
}
"""What each stage asks for."""
MOST_TOKENS: Final = 2**31 - 1
"""Of one decision; more cannot be meant."""
MOST_PROBLEMS: Final = 30
"""That are observed of one decision."""
LONGEST: Final = 1000
"""Characters of a problem."""


def take_usage(usage: object, pool: Pool) -> tuple[Usage | None, list[str]]:
    """The usage that came with a decision, and what is wrong with it.

    Tokens that are no numbers are not metered; those of an unknown backbone are, at the price of `meta`.
    """
    if usage is None:
        return None, []
    if type(usage) is not Usage:
        return None, [f"usage: given a {type(usage).__name__}, expected Usage"]
    problems = [
        f"usage.{field}: given {value!r}, expected a whole number of tokens from 0 to {MOST_TOKENS}"
        for field in ("prompt_tokens", "completion_tokens")
        if type(value := getattr(usage, field)) is not int or not 0 <= value <= MOST_TOKENS
    ]
    taken = None if problems else usage
    if usage.backbone is not None and usage.backbone not in pool.names:
        hint = did_you_mean(str(usage.backbone), pool)
        problems.append(f"usage.backbone: {usage.backbone!r} is not in the pool{hint}")
        taken = taken and Usage(usage.prompt_tokens, usage.completion_tokens)
    return taken, problems


def take_decision(
    decision: object,
    stage: str,
    task: Task,
    pool: Pool,
    settings: Settings,
    template: Template | None,
    execution: Execution | None,
) -> Decision:
    """A decision as an episode may keep it.

    Args:
        decision: what the policy gave.
        stage: at which it was asked for.
        task: whose tools may be granted.
        pool: whose backbones may be assigned.
        settings: bound the system's size.
        template: from `implement` on.
        execution: at `rectify`.

    Raises:
        InvalidDecision: if it cannot be carried out, with every fault.
    """
    kind = KINDS[stage]
    if type(decision) is not kind:
        raise InvalidDecision(
            [f"$: the stage {stage!r} asks for {kind.__name__}, got {type(decision).__name__}"]
        )
    tools = tuple([tool.name for tool in task.tools])
    backbones, limits = pool.backbones, settings.limits
    if type(decision) is Template:
        problems = check_template(decision, tools, limits)
    elif type(decision) is Assignment:
        assert template is not None
        problems = check_assignment(decision, template, backbones)
    else:
        assert type(decision) is Rectification
        assert execution is not None
        turns = [turn.id for turn, _, _ in execution.turns()]
        problems = check_rectification(
            decision, execution.system, turns, execution.failed_turns(), tools, backbones, limits
        )
    problems = problems or _text_faults(decision)
    if problems:
        raise InvalidDecision(problems)
    return _own(decision)


def _text_faults(decision: Decision) -> list[str]:
    """What keeps a decision from being written as JSON: half characters, which Python's strings may hold."""
    try:
        msgspec.json.encode(decision)
    except UnicodeEncodeError as error:
        return [f"$: a text holds the lone surrogate {error.object[error.start]!r}, expected valid Unicode"]
    return []


def _own(decision: Decision) -> Decision:
    """The decision with dictionaries of its own: whoever gave it may go on to change theirs."""
    if type(decision) is Assignment:
        return own_assignment(decision)
    if type(decision) is Rectification:
        return Rectification(tuple([_own_edit(edit) for edit in decision.edits]))
    return decision


def own_assignment(assignment: Assignment) -> Assignment:
    """The assignment with a dictionary of its own."""
    return Assignment(assignment.backbones.copy())


def _own_edit(edit: Edit) -> Edit:
    if type(edit) is not Rebuild:
        return edit
    return Rebuild(System(edit.system.template, own_assignment(edit.system.assignment)))


def shorten(problems: tuple[str, ...]) -> tuple[str, ...]:
    """Problems as they are observed: no more than can be read, and none longer than a paragraph."""
    shown = [line if len(line) <= LONGEST else line[: LONGEST - 1] + "…" for line in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        shown.append(f"$: and {len(problems) - MOST_PROBLEMS} more problems")
    return tuple(shown)
