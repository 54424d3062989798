"""`mas2 tasks score`: official verdicts on a file of predictions."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from mas2_env.commands import options
from mas2_env.commands.chosen import path_of
from mas2_env.commands.output import console, note_line, print_json, print_table

if TYPE_CHECKING:
    from mas2_env.scoring.agreement import Agreement
    from mas2_env.scoring.scorer import Prediction, Row, Scorer
    from mas2_env.task import SourceName, Task

WORKERS = 8
"""Rows that are scored at a time where scoring waits; what it waits for has a bound of its own."""

MOST_FAILED = 3
"""Rows one after the other for which scoring fails, at which it is given up."""


def score_command(
    task: options.TaskName,
    file: options.Predictions,
    data: options.ScoredData = None,
    source: options.ScoredSource = None,
    format: options.FormatName = None,
    complete: options.Complete = False,
    compare: options.Compare = False,
    sandbox: options.Sandbox = None,
    json: options.Json = False,
) -> None:
    """Score a file of predictions as the official program does, and print the figures."""
    from mas2_env.scoring.agreement import agreement
    from mas2_env.scoring.scorer import scorer_of
    from mas2_env.tools.python import sandbox as isolated

    scorer = scorer_of(_bound(task, source, path_of(task, data)))
    predictions = _predictions(scorer, file, format)
    with isolated(sandbox):
        rows, failed = score_all(scorer, predictions)
    if compare:
        _print_agreement(scorer.task.name, agreement(scorer, predictions, rows), json)
    elif json:
        print_json({"task": scorer.task.name, "n": len(rows), "rows": rows})
    else:
        _print_summary(scorer.task.label, rows, scorer.summary(predictions, rows))
    unscored = [row for row in rows if row.success is None]
    if unscored:
        first = unscored[0]
        note_line(f"{len(unscored)} of {len(rows)} not scored; the first, {first.id}: {first.error}")
    if failed or (rows and len(unscored) == len(rows)) or (complete and unscored):
        raise typer.Exit(1)


def _bound(spec: str, source: "SourceName | None", data: str | None) -> "Task":
    """The task that predictions are scored on."""
    from mas2_env.plugins import bind_task, task_class
    from mas2_env.spec import parse_spec

    name, settings = parse_spec(spec)
    kind = source or ("file" if data else "procedural")
    return bind_task(task_class(name).to_score(), kind, data, 0, settings)


def _predictions(scorer: "Scorer", file: str, format: str | None) -> "list[Prediction]":
    """What a file holds, having said how it is read."""
    from mas2_env.scoring.rows import recognise

    records = scorer.load(file)
    form = recognise(records, scorer, format)
    predictions = form.read(records, scorer)
    note_line(f"{file}: read as {form.name} ({form.title})")
    return predictions


def score_all(scorer: "Scorer", predictions: "Sequence[Prediction]") -> "tuple[list[Row], int]":
    """The verdicts, in the order of the predictions, and for how many of them scoring itself failed.

    Raises:
        Breakdown: if it failed for `MOST_FAILED` in a row.
    """
    from concurrent.futures import ThreadPoolExecutor

    from mas2_env.errors import Breakdown
    from mas2_env.scoring.scorer import Row

    def attempt(prediction: "Prediction") -> "Row | Breakdown":
        try:
            return scorer.score(prediction)
        except Breakdown as error:
            return error

    rows: list[Row] = []
    failed = running = 0
    pool = ThreadPoolExecutor(WORKERS if scorer.task.blocking else 1)
    try:
        with _progress(len(predictions)) as advance:
            results = pool.map(attempt, predictions) if scorer.task.blocking else map(attempt, predictions)
            for prediction, result in zip(predictions, results, strict=True):
                running = running + 1 if isinstance(result, Breakdown) else 0
                if isinstance(result, Breakdown):
                    failed += 1
                    if running == MOST_FAILED:
                        raise result
                    result = Row(prediction.id, None, {}, f"scoring failed: {result}")
                rows.append(result)
                advance()
    finally:
        pool.shutdown(cancel_futures=True)
    return rows, failed


@contextmanager
def _progress(total: int) -> "Iterator[Callable[[], None]]":
    """A bar on standard error if that is a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True, expand=True) as bar:
        line = bar.add_task("", total=total)
        yield lambda: bar.advance(line)


def _print_summary(label: str, rows: "Sequence[Row]", figures: dict[str, float]) -> None:
    from collections import Counter

    from rich.table import Table

    scored = [row for row in rows if row.success is not None]
    lines: list[tuple[str, str]] = [
        ("task", label),
        ("predictions", f"{len(rows):,}"),
        ("not scored", f"{len(rows) - len(scored):,}"),
    ]
    if scored:
        lines.append(("success", _share(sum(bool(row.success) for row in scored) / len(scored))))
    lines += [
        (name, f"{value:,}" if isinstance(value, int) else _share(value)) for name, value in figures.items()
    ]
    words: dict[str, Counter[str]] = {}
    for row in scored:
        for name, value in row.metrics.items():
            if isinstance(value, str):
                words.setdefault(name, Counter())[value] += 1
    for name, counts in words.items():
        lines.append((name, ", ".join(f"{word}: {count:,}" for word, count in counts.most_common())))
    table: Any = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        table.add_row(*line)
    print_table(table)


def _print_agreement(name: str, found: "Sequence[Agreement]", json: bool) -> None:
    if json:
        print_json({"task": name, "metrics": found})
        return
    from rich.table import Table

    table: Any = Table(box=None, pad_edge=False)
    for column in ("metric", "official", "rows", "agreeing"):
        table.add_column(
            column, no_wrap=True, justify="left" if column in ("metric", "official") else "right"
        )
    table.add_column("differing", overflow="fold")
    for each in found:
        differing = ", ".join(f"{kind or 'row'}: {number}" for kind, number in each.kinds.items())
        table.add_row(each.metric, each.official, f"{each.compared:,}", f"{each.agreeing:,}", differing)
    print_table(table)


def _share(value: float) -> str:
    return f"{value:.4f}"
