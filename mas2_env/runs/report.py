"""The HTML report of a run: one file without external requests, readable in light and dark."""

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.backends.ledger import Totals
from mas2_env.runs.record import Facts, Plan, Record
from mas2_env.runs.report_plot import pareto_plot
from mas2_env.runs.summary import Interval, Row, Summary
from mas2_env.runs.table import money
from mas2_env.system.model import System

COLOURS = 8
"""Colours and markers that the template knows."""
MINUS = "\N{MINUS SIGN}"


class Bar(Struct, frozen=True):
    """An interval as percentages of a cell's width; `zero` is where zero lies, for differences."""

    low: float
    value: float
    high: float
    zero: float | None = None


class SystemView(Struct, frozen=True):
    """The system that a policy ended with most often."""

    policy: str
    place: int
    count: int
    episodes: int
    kinds: int
    picture: str
    alt: str


class MendingView(Struct, frozen=True):
    """What went wrong under a policy, over all tasks, and what was done about it: totals."""

    policy: str
    place: int
    episodes: int
    failures: int
    triggers: int
    rectifications: int
    edits: int
    invalid: int
    endings: tuple[tuple[str, int], ...]


def render_report(
    facts: Facts, records: Sequence[Record], summary: Summary, ledger: Totals | None = None
) -> str:
    """The report as HTML.

    Args:
        facts: of the run.
        records: its finished episodes.
        summary: their statistics.
        ledger: sums over the calls of its models, if it has a ledger.
    """
    from jinja2 import Environment, StrictUndefined

    plan = facts.plan
    places = {entry.name: number % COLOURS for number, entry in enumerate(plan.policies)}
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        money=money,
        number=_number,
        head=_head,
        spread=_spread,
    )
    text = (files("mas2_env") / "data" / "report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        title=_title(plan),
        facts=facts,
        plan=plan,
        summary=summary,
        places=places,
        sections=[_section(name, rows, places) for name, rows in _by_task(summary)],
        systems=_systems(plan, records, places),
        mending=_mending(plan, records, places),
        settings=_settings(plan),
        ledger=ledger,
    )


def _title(plan: Plan) -> str:
    policies, tasks = len(plan.policies), [entry.name for entry in plan.tasks]
    who = plan.policies[0].name if policies == 1 else f"{policies} policies"
    where = tasks[0] if len(tasks) == 1 else f"{', '.join(tasks[:-1])} and {tasks[-1]}"
    return f"{who} on {where}"


def _by_task(summary: Summary) -> list[tuple[str | None, list[Row]]]:
    """Rows by task; the mean over tasks first."""
    tasks = list(dict.fromkeys(row.task for row in summary.rows))
    tasks.sort(key=lambda task: task is not None)
    return [(task, [row for row in summary.rows if row.task == task]) for task in tasks]


def _section(task: str | None, rows: list[Row], places: dict[str, int]) -> dict[str, Any]:
    differences = [row.difference.success for row in rows if row.difference is not None]
    return {
        "task": task,
        "rows": [
            {
                "row": row,
                "success": _bar(row.success, 0.0, 1.0, None),
                "difference": _difference_bar(row, differences),
                "place": places[row.policy],
            }
            for row in rows
        ],
        "wide": pareto_plot(rows, places, 760, 400),
        "narrow": pareto_plot(rows, places, 360, 340),
    }


def _bar(value: Interval, least: float, most: float, zero: float | None) -> Bar | None:
    if value.value is None:
        return None
    scale: Callable[[float], float] = lambda v: 100 * (v - least) / (most - least)  # noqa: E731
    low = value.low if value.low is not None else value.value
    high = value.high if value.high is not None else value.value
    return Bar(scale(low), scale(value.value), scale(high), scale(zero) if zero is not None else None)


def _difference_bar(row: Row, all_of_them: Sequence[Interval]) -> Bar | None:
    """All differences of a table on one scale, zero in the middle."""
    if row.difference is None:
        return None
    ends = [abs(end) for one in all_of_them for end in (one.low, one.high, one.value) if end is not None]
    most = max([*ends, 0.01]) * 1.05
    return _bar(row.difference.success, -most, most, 0.0)


def _systems(plan: Plan, records: Sequence[Record], places: dict[str, int]) -> list[SystemView]:
    from mas2_env.system.draw import draw_svg

    views = []
    for entry in plan.policies:
        own = [
            record.system for record in records if record.policy == entry.name and record.system is not None
        ]
        counts = Counter(_system_key(system) for system in own)
        if not counts:
            continue
        key, count = counts.most_common(1)[0]
        system = msgspec.json.decode(key, type=System)
        picture = base64.b64encode(draw_svg(system).encode()).decode()
        views.append(
            SystemView(
                entry.name, places[entry.name], count, len(own), len(counts), picture, _describe(system)
            )
        )
    return views


def _system_key(system: System) -> bytes:
    """A system as bytes that are equal for equal systems."""
    return msgspec.json.encode(system, order="deterministic")


def _describe(system: System) -> str:
    backbones = system.assignment.backbones
    roles = [
        role.name
        + (f" ×{role.copies}" if role.copies > 1 else "")
        + (f" on {backbones[role.name]}" if role.name in backbones else "")
        for role in system.template.roles
    ]
    return f"{len(roles)} role{'s' if len(roles) > 1 else ''}: {', '.join(roles)}"


def _mending(plan: Plan, records: Sequence[Record], places: dict[str, int]) -> list[MendingView]:
    views = []
    for entry in plan.policies:
        outcomes = [record.outcome for record in records if record.policy == entry.name]
        endings = Counter(
            f"void: {o.reason}" if o.kind == "void" else "success" if o.kind == "success" else o.reason
            for o in outcomes
        )
        named = [("wrong answer" if name == "answered" else name, n) for name, n in endings.most_common()]
        totals = {
            field: sum(getattr(outcome, field) for outcome in outcomes)
            for field in ("failures", "triggers", "rectifications", "edits", "invalid")
        }
        views.append(
            MendingView(entry.name, places[entry.name], len(outcomes), endings=tuple(named), **totals)
        )
    return views


def _settings(plan: Plan) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in msgspec.to_builtins(plan.settings).items():
        if isinstance(value, dict):
            flat += [(f"{name}.{inner}", str(v)) for inner, v in value.items()]
        else:
            flat.append((name, str(value)))
    return flat


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _head(value: Interval, scale: float = 1.0, digits: int = 1, signed: bool = False) -> str:
    """The estimate alone."""
    if value.value is None:
        return "–"
    return f"{value.value * scale:{'+' if signed else ''}.{digits}f}".replace("-", MINUS)


def _spread(value: Interval, scale: float = 1.0, digits: int = 1, signed: bool = False) -> str:
    """The interval alone, `55.1 – 68.9`; `to` between signed numbers."""
    if value.value is None or value.low is None:
        return ""
    form = f"{'+' if signed else ''}.{digits}f"
    high = f"{value.high * scale:{form}}" if value.high is not None else "∞"
    return f"{value.low * scale:{form}}{' to ' if signed else '–'}{high}".replace("-", MINUS)
