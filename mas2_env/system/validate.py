"""Structural faults of templates, assignments and rectifications, all of them at once."""

from collections.abc import Collection, Sequence

from mas2_env.system.model import Assignment, Limits, Rectification, System, Template


def check_template(template: Template, tools: Collection[str], limits: Limits) -> list[str]:
    """Every fault of a template, each line beginning with its JSON path; empty if it is valid."""
    return []


def check_assignment(assignment: Assignment, template: Template, backbones: Collection[str]) -> list[str]:
    """Every fault of an assignment for a template; empty if it is valid."""
    return []


def check_system(
    system: System, tools: Collection[str], backbones: Collection[str], limits: Limits
) -> list[str]:
    """Every fault of a system."""
    return []


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
    """
    return []
