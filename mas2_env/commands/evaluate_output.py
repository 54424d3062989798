"""What `mas2 eval` shows: a bar while it runs, then a table and where things are."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mas2_env.commands.output import console, print_json, print_table

if TYPE_CHECKING:
    from mas2_env.backends.ledger import Totals
    from mas2_env.reward import Outcome
    from mas2_env.runs.evaluate import Progress
    from mas2_env.runs.result import Result


@contextmanager
def progress_bar() -> "Iterator[Progress | None]":
    """A bar on standard error if that is a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TextColumn("{task.fields[spent]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console(stderr=True), transient=True, expand=True) as bar:
        line = bar.add_task("", total=None, rate="", spent="")
        sums = {"cost": 0, "void": 0}

        def told(done: int, total: int, record: Any) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}/s" if speed and speed >= 10 else f"{speed:.1f}/s" if speed else ""
            label = f"{record.policy} on {record.task}" if record is not None else ""
            if record is not None:
                sums["cost"] += record.outcome.cost + record.outcome.meta_cost
                sums["void"] += record.outcome.kind == "void"
            spent = f"${sums['cost'] / 1e9:.4g}" + (f" {sums['void']} void" if sums["void"] else "")
            bar.update(line, completed=done, total=total, description=label, rate=rate, spent=spent)

        yield told


def print_result(result: "Result", json: bool) -> None:
    """Print the summary of a run, write its report, and say where both are."""
    from mas2_env.runs.table import summary_table

    report = result.write_report()
    if json:
        said = {"run": str(result.folder), "report": str(report), "summary": result.summary}
        print_json(said if result.ledger is None else {**said, "ledger": result.ledger})
        return
    print_table(summary_table(result.summary, console().width), narrows=True)
    sys.stdout.write(f"\nrun     {result.folder}\nreport  {report}\n")
    if result.ledger is not None:
        sys.stdout.write(f"ledger  {ledger_line(result.ledger)}\n")


def void_line(outcomes: "Sequence[Outcome]") -> str:
    """How many episodes ended void, and why: the first reason if all did, else the most frequent."""
    reasons = [outcome.reason for outcome in outcomes if outcome.kind == "void"]
    if len(reasons) == len(outcomes):
        return f"all {len(reasons):,} episodes ended void; the first: {reasons[0]}"
    reason, count = Counter(reasons).most_common(1)[0]
    return f"{len(reasons):,} of {len(outcomes):,} episodes ended void; {count:,} of them: {reason}"


def ledger_line(totals: "Totals") -> str:
    """The sums of a ledger in one line."""
    from mas2_env.backends.ledger import usd

    parts = [
        f"{totals.calls:,} calls, {totals.prompt:,} + {totals.completion:,} tokens",
        f"${usd(totals.price)} at list price, ${usd(totals.billed)} billed",
    ]
    for number, word in (
        (totals.failed, "in vain or failed"),
        (totals.estimated, "with tokens estimated"),
        (totals.unknown, "without any usage"),
    ):
        if number:
            parts.append(f"{number:,} {word}")
    if totals.kept:
        parts.append(f"{totals.kept:,} answers kept before (${usd(totals.kept_price)})")
    return "; ".join(parts)
