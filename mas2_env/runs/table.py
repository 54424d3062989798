"""The summary of a run on a terminal."""

from rich.table import Table
from rich.text import Text

from mas2_env.runs.summary import Interval, Row, Summary


def summary_table(summary: Summary) -> Table:
    """One line for each policy of each task, 95 % intervals in brackets.

    Differences whose interval excludes zero are set in bold, green where the policy is better.
    """
    table = Table(
        title_justify="left",
        caption_justify="left",
        caption=caption(summary),
        header_style="bold",
        pad_edge=False,
        box=None,
        padding=(0, 1),
    )
    table.add_column("task")
    table.add_column("policy", no_wrap=True)
    # Where the terminal is narrow, intervals go below their estimates and headings break.
    for name in ("n", "success %", "reward", "Δ success", "Δ reward", "$ / 1k", "$ / 1k succ.", "tokens"):
        table.add_column(name, justify="right")
    for name in ("trig.", "rect."):
        table.add_column(name, justify="right")
    if summary.void:
        table.add_column("void", justify="right")
    task: str | None = ""
    for row in summary.rows:
        first = row.task != task
        if first and task != "":
            table.add_section()
        task = row.task
        table.add_row(*_cells(row, first, summary))
    return table


def caption(summary: Summary) -> str:
    """What the numbers are, and what was left out, in a sentence each."""
    parts = [f"{summary.episodes} episodes; 95 % CI, bootstrap over items; Δ is to {summary.baseline}."]
    if summary.episodes < summary.expected:
        parts.append(f"{summary.expected - summary.episodes} of {summary.expected} episodes are missing.")
    if summary.void:
        parts.append(f"{summary.void} void (infrastructure failed): left out of the statistics.")
    return " ".join(parts)


def _cells(row: Row, first: bool, summary: Summary) -> list[Text | str]:
    difference = row.difference
    cells: list[Text | str] = [
        (row.task or "mean of tasks") if first else "",
        row.policy,
        str(row.episodes),
        interval(row.success, 100, 1),
        interval(row.reward, 1, 3),
        _signed(difference.success, 100, 1) if difference is not None else "·",
        _signed(difference.reward, 1, 3) if difference is not None else "·",
        money(row.cost),
        money(row.cost_per_success),
        _mean(row.tokens, 0),
        _mean(row.triggers, 2),
        _mean(row.rectifications, 2),
    ]
    if summary.void:
        cells.append(str(row.void))
    return cells


def interval(value: Interval, scale: float, digits: int) -> str:
    """`62.0 [55.1,68.9]`, scaled; a dash where nothing was measured."""
    if value.value is None:
        return "–"
    text = f"{value.value * scale:.{digits}f}"
    if value.low is None:
        return text
    high = f"{value.high * scale:.{digits}f}" if value.high is not None else "∞"
    return f"{text} [{value.low * scale:.{digits}f},{high}]"


def _signed(value: Interval, scale: float, digits: int) -> Text:
    if value.value is None:
        return Text("–")
    text = f"{value.value * scale:+.{digits}f}"
    if value.low is not None and value.high is not None:
        text += f" [{value.low * scale:+.{digits}f},{value.high * scale:+.{digits}f}]"
    style = ("bold green" if value.value > 0 else "bold red") if value.clear else ""
    return Text(text, style=style)


def money(value: Interval) -> str:
    """USD for a thousand, with three significant digits."""
    return "–" if value.value is None else f"{value.value * 1000:.3g}"


def _mean(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
