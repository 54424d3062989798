"""The summary of a run on a terminal: as much of it as there is room for."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mas2_env.runs.summary import Interval, Row, Summary

ROOMY = 10_000
"""Columns enough for every table: to measure one, and to print where nothing limits a line."""


class _Column(Struct, frozen=True):
    """A column; those of the lowest `rank` go first where there is not room for all."""

    name: str
    cell: Callable[[Row, bool], Text]
    rank: int


def summary_table(summary: Summary, width: int | None = None) -> Table:
    """One line for each policy of each task, 95 % intervals in brackets.

    Where a line has not room for that, tasks become headings and intervals go below their estimates; where
    that is still too wide, the less important columns are left out and the caption names them. Differences
    whose interval excludes zero are set in bold, green where the policy is better.

    Args:
        summary: of the run.
        width: columns that there is room for; those of rich's own console by default.
    """
    from rich import get_console

    room = get_console().width if width is None else width
    columns = _columns(summary)
    table = _flat(summary, columns)
    if _width(table) <= room:
        return table
    left = list(columns)
    for rank in sorted(column.rank for column in columns):
        table = _stacked(summary, left, [column.name for column in columns if column not in left])
        if _width(table) <= room:
            break
        left = [column for column in left if column.rank != rank or rank >= _KEPT]
    return table


_KEPT = 9
"""Columns of this rank and above are never left out."""


def _columns(summary: Summary) -> list[_Column]:
    found = [
        _Column("n", lambda row, stack: Text(str(row.episodes)), 6),
        _Column("success %", lambda row, stack: _estimate(row.success, 100, 1, stack), 10),
        _Column("reward", lambda row, stack: _estimate(row.reward, 1, 3, stack), 8),
        _Column("Δ success", _success_difference, 7),
        _Column("Δ reward", _reward_difference, 5),
        _Column("$ / 1k", lambda row, stack: Text(money(row.cost)), 9),
        _Column("$ / 1k succ.", lambda row, stack: Text(money(row.cost_per_success)), 4),
        _Column("tokens", lambda row, stack: Text(_mean(row.tokens, 0)), 3),
        _Column("trig.", lambda row, stack: Text(_mean(row.triggers, 2)), 2),
        _Column("rect.", lambda row, stack: Text(_mean(row.rectifications, 2)), 1),
    ]
    if not _compares(summary):
        found = [column for column in found if not column.name.startswith("Δ")]
    if summary.void:
        found.append(_Column("void", lambda row, stack: Text(str(row.void)), 11))
    return found


def _flat(summary: Summary, columns: Sequence[_Column]) -> Table:
    """Everything about a policy on one line."""
    table = _empty(caption(summary), ("task", "policy"), [column.name for column in columns])
    task: str | None = ""
    for row in summary.rows:
        name = _task(row) if row.task != task else ""
        task = row.task
        table.add_row(Text(name), Text(row.policy), *(column.cell(row, False) for column in columns))
    return table


def _stacked(summary: Summary, columns: Sequence[_Column], left_out: Sequence[str]) -> Table:
    """Tasks as headings, intervals below estimates."""
    words = caption(summary)
    if left_out:
        words += f" The report also has {', '.join(left_out)}; there is no room for that here."
    names = [column.name.replace(" succ.", "\nsucc.") for column in columns]
    table = _empty(words, ("policy",), names)
    task: str | None = ""
    for row in summary.rows:
        if row.task != task:
            table.add_row(Text(_task(row), style="bold underline"))
        task = row.task
        table.add_row(Text(row.policy), *(column.cell(row, True) for column in columns))
    return table


def _empty(words: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(
        caption=Text(words),
        caption_justify="left",
        header_style="bold",
        pad_edge=False,
        box=None,
        padding=(0, 1),
    )
    for name in left:
        table.add_column(name, no_wrap=True, vertical="top")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _width(table: Table) -> int:
    console = Console(width=ROOMY)
    return table.__rich_measure__(console, console.options).maximum


def _task(row: Row) -> str:
    return row.task or "mean of tasks"


def _compares(summary: Summary) -> bool:
    return any(row.difference is not None for row in summary.rows)


def caption(summary: Summary) -> str:
    """What the numbers are, and what was left out, in a sentence each."""
    number = f"{summary.episodes} episode{'' if summary.episodes == 1 else 's'}"
    to = f"; Δ is to {summary.baseline}" if _compares(summary) else ""
    parts = [f"{number}; 95 % CI, bootstrap over items{to}."]
    if summary.episodes < summary.expected:
        parts.append(f"{summary.expected - summary.episodes} of {summary.expected} episodes are missing.")
    if summary.void:
        parts.append(f"{summary.void} void (infrastructure failed): left out of the statistics.")
    return " ".join(parts)


def _estimate(value: Interval, scale: float, digits: int, stack: bool) -> Text:
    """`62.0 [55.1,68.9]`, scaled; a dash where nothing was measured."""
    if value.value is None:
        return Text("–")
    text = f"{value.value * scale:.{digits}f}"
    if value.low is None:
        return Text(text)
    high = f"{value.high * scale:.{digits}f}" if value.high is not None else "∞"
    return _with_interval(Text(text), f"[{value.low * scale:.{digits}f},{high}]", stack)


def _with_interval(head: Text, interval: str, stack: bool) -> Text:
    return Text.assemble(head, "\n" if stack else " ", (interval, "dim" if stack else head.style))


def _success_difference(row: Row, stack: bool) -> Text:
    return _signed(row.difference.success, 100, 1, stack) if row.difference is not None else Text("·")


def _reward_difference(row: Row, stack: bool) -> Text:
    return _signed(row.difference.reward, 1, 3, stack) if row.difference is not None else Text("·")


def _signed(value: Interval, scale: float, digits: int, stack: bool) -> Text:
    if value.value is None:
        return Text("–")
    style = ("bold green" if value.value > 0 else "bold red") if value.clear else ""
    head = Text(f"{value.value * scale:+.{digits}f}", style=style)
    if value.low is None or value.high is None:
        return head
    interval = f"[{value.low * scale:+.{digits}f},{value.high * scale:+.{digits}f}]"
    return _with_interval(head, interval, stack)


def money(value: Interval) -> str:
    """USD for a thousand: three significant digits, and whole dollars from a thousand on."""
    if value.value is None:
        return "–"
    dollars = value.value * 1000
    return f"{dollars:,.0f}" if dollars >= 999.5 else f"{dollars:#.3g}".rstrip(".")


def _mean(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
