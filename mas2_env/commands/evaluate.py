"""`mas2 eval`: policies × tasks × seeds → a run folder."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from mas2_env.commands import options
from mas2_env.commands.chosen import TaskChoice, policies_of, seeds_of
from mas2_env.commands.evaluate_output import print_result, progress_bar, void_line
from mas2_env.commands.evaluate_request import Request, absolute, default_folder, given
from mas2_env.commands.output import error_line, note_line
from mas2_env.errors import BudgetError, Halt, Mas2Error, UsageError

if TYPE_CHECKING:
    from mas2_env.runs.result import Result


def evaluate_command(
    policy: options.Policies = None,
    tasks: options.Tasks = None,
    source: options.Source = None,
    data: options.TaskData = None,
    split: options.Split = None,
    items: options.Items = None,
    seeds: options.Seeds = None,
    pool: options.PoolName = None,
    backend: options.BackendName = None,
    budget: options.Budget = None,
    rectifier: options.Rectifier = None,
    reward: options.Reward = None,
    out: options.Out = None,
    resume: options.Resume = None,
    retry_void: options.RetryVoid = False,
    baseline: options.Baseline = None,
    batch: options.Batch = None,
    workers: options.Workers = None,
    traces: options.Traces = False,
    sandbox: options.Sandbox = None,
    max_cost: options.MaxCost = None,
    deadline: options.Deadline = None,
    cache: options.Cache = None,
    cache_mode: options.CacheMode = None,
    record: options.RecordTo = None,
    replay: options.ReplayFrom = None,
    ledger: options.KeepLedger = False,
    json: options.Summary = False,
) -> None:
    """Run policies on tasks, print a table with confidence intervals, and write a run folder with a report.

    A run that was interrupted or killed goes on with --resume DIR: no finished episode is done again.
    """
    if resume is not None and out is not None:
        raise UsageError("--resume goes on in its own folder: leave --out out")
    if retry_void and resume is None:
        raise UsageError("--retry-void needs --resume DIR")
    request = Request(
        folder=resume or out or default_folder(tasks),
        resumed=resume is not None,
        retry_void=retry_void,
        choice=TaskChoice(tasks, source, data, split),
        asked=given(
            policies=policies_of(policy) if policy else None,
            seeds=seeds_of(seeds) if seeds is not None else None,
            **{"items": items, "pool": pool, "backend": backend, "traces": traces or None},
        ),
        settings=given(budget=budget, rectifier=rectifier, reward=reward),
        conduct=given(max_cost=max_cost, deadline=deadline, cache_mode=cache_mode, ledger=ledger or None)
        | absolute(cache=cache, record=record, replay=replay),
        how=given(batch=batch, workers=workers, baseline=baseline, sandbox=sandbox),
    )
    _show(_carried_out(request), json)


def _carried_out(request: Request) -> "Result":
    """The run; whatever ends it early also says how to go on with it."""
    begun = _is_run(request.folder)
    try:
        with _terminable() as received, progress_bar() as progress:
            return request.carry_out(shlex.join(["mas2", *sys.argv[1:]]), progress)
    except KeyboardInterrupt:
        error_line(f"interrupted{_how_to_go_on(request.folder)}")
        raise typer.Exit(128 + (received[0] if received else signal.SIGINT)) from None
    except Mas2Error as error:
        refused = begun and not isinstance(error, Halt)  # nothing was done, so there is nothing to go on with
        if refused or not _is_run(request.folder):
            raise
        more = " --max-cost MORE" if isinstance(error, BudgetError) else ""
        raise type(error)(f"{error}{_how_to_go_on(request.folder)}{more}") from error


def _show(result: "Result", json: bool) -> None:
    """Print a run; exit code 1 if none of its episodes counts."""
    summary = result.summary
    if not summary.episodes:
        note_line("no episode was run")
    print_result(result, json)
    if summary.void:
        all_void = summary.void == summary.episodes
        again = f"mas2 eval --resume {shlex.quote(str(result.folder))} --retry-void"
        hint = f"; once that is mended: {again}" if result.ledger is not None else ""
        (error_line if all_void else note_line)(f"{void_line(result.outcomes)}{hint}")
        if all_void:
            raise typer.Exit(1)


@contextmanager
def _terminable() -> Iterator[list[int]]:
    """Let SIGTERM end a run as cleanly as Ctrl-C does; gives the signals of it that came."""
    received: list[int] = []

    def terminate(number: int, frame: FrameType | None) -> None:
        received.append(number)
        interrupt = signal.getsignal(signal.SIGINT)  # an event loop has its own, which cancels what it runs
        (interrupt if callable(interrupt) else signal.default_int_handler)(number, frame)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_run(folder: Path) -> bool:
    return (folder / "run.json").exists()


def _how_to_go_on(folder: Path) -> str:
    if not _is_run(folder):
        return ""
    return f"; finished episodes are kept: go on with mas2 eval --resume {shlex.quote(str(folder))}"
