"""`mas2 eval`: policies × tasks × seeds → a run folder."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mas2_env.commands.chosen import Strings, TaskChoice, policies_of, seeds_of, spec_of, tasks_of, words_of
from mas2_env.commands.evaluate_output import print_result, progress_bar
from mas2_env.commands.output import error_line, note_line

if TYPE_CHECKING:
    from mas2_env.runs.evaluate import Result
    from mas2_env.runs.record import Conduct
    from mas2_env.settings import Settings


def evaluate_command(
    policy: Annotated[
        Strings | None,
        typer.Option(
            "--policy",
            "-p",
            metavar="NAMES",
            help="Registered name, package.module:Name, or NAME=package.module:Name; repeat it, separate by "
            "commas, or say 'all' (all but llm).",
        ),
    ] = None,
    tasks: Annotated[
        Strings | None,
        typer.Option(
            "--tasks",
            "--task",
            "-t",
            metavar="NAMES",
            help="Registered names or package.module:Class, separated by commas, with options in brackets: "
            "diagnostic[depth=4]. (default: all)",
        ),
    ] = None,
    source: Annotated[
        Literal["procedural", "file", "hub"] | None,
        typer.Option(help="Where the items come from. (default: procedural)"),
    ] = None,
    data: Annotated[
        Strings | None,
        typer.Option(
            metavar="TASK=PATH",
            help="A task's data file, its source being 'file'; with --source hub, a mirror.",
        ),
    ] = None,
    split: Annotated[
        Literal["all", "train", "validation", "test"] | None,
        typer.Option(help="The part of the items that is used. (default: all)"),
    ] = None,
    items: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="The first so many items of each task, or all if it has fewer. (default: 100)"
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="SEEDS",
            help="How many seeds (3 is 0, 1 and 2), or which (4,7; '7,' for one). (default: 1)",
        ),
    ] = None,
    pool: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A shipped pool, or a .toml file. (default: default)"),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What answers model calls: a registered name, or package.module:Name. (default: simulated)",
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(metavar="X", help="θ_C as a multiple of the reference cost. (default: 12)"),
    ] = None,
    rectifier: Annotated[
        bool | None,
        typer.Option(
            "--rectifier/--no-rectifier",
            help="Whether systems are mended while they run. (default: they are)",
        ),
    ] = None,
    reward: Annotated[
        Literal["cost", "success", "shaped"] | None, typer.Option(help="The reward. (default: cost)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder. (default: runs/DATE-TIME-TASKS)")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Go on with the run in this folder; it knows all other options."),
    ] = None,
    retry_void: Annotated[
        bool, typer.Option("--retry-void", help="With --resume: do void episodes again.")
    ] = False,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Policy to compare with. (default: direct, else the first)"),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", help="Episodes under way at once, in each process. (default: 64)"),
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes. (default: 1)")] = None,
    traces: Annotated[bool, typer.Option("--traces", help="Keep the trace of every episode.")] = False,
    sandbox: Annotated[
        Literal["bwrap", "process"] | None,
        typer.Option(
            help="What isolates programs that agents write: bubblewrap, or no more than a process of their "
            "own. (default: $MAS2_SANDBOX, else bwrap)"
        ),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(metavar="USD", help="Stop once so much has been billed. (default: no limit)"),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="An episode that takes longer ends void. (default: no limit)"),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep replies there, and take them from there.")
    ] = None,
    cache_mode: Annotated[
        Literal["read", "read-write"] | None,
        typer.Option(help="Whether new replies are kept in the cache. (default: read-write)"),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record every call, to replay the run.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Replay a recording: nobody is asked.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Keep a ledger though the backend bills nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run policies on tasks, print a table with confidence intervals, and write a run folder with a report.

    A run that was interrupted or killed goes on with --resume DIR: no finished episode is done again.
    """
    from mas2_env.errors import Mas2Error, RunError

    asked = {
        "policies": policies_of(policy) if policy else None,
        "seeds": seeds_of(seeds) if seeds is not None else None,
        "items": items,
        "pool": pool,
        "backend": backend,
        "traces": traces or None,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    changes = {"budget": budget, "rectifier": rectifier, "reward": reward}
    changes = {name: value for name, value in changes.items() if value is not None}
    if resume is not None and out is not None:
        raise RunError("--resume goes on in its own folder: leave --out out")
    if retry_void and resume is None:
        raise RunError("--retry-void needs --resume DIR")
    given: dict[str, Any] = {
        "max_cost": max_cost,
        "deadline": deadline,
        "cache_mode": cache_mode,
        "ledger": ledger or None,
    }
    paths = {"cache": cache, "record": record, "replay": replay}
    given |= {name: str(path.absolute()) for name, path in paths.items() if path is not None}
    given = {name: value for name, value in given.items() if value is not None}
    command = shlex.join(["mas2", *sys.argv[1:]])
    how = {"batch": batch, "workers": workers, "baseline": baseline, "command": command}
    how["sandbox"] = sandbox
    common: dict[str, Any] = {name: value for name, value in how.items() if value is not None}
    common["conduct"] = _conduct(resume, given)
    folder = resume or out or default_folder(tasks)
    choice = TaskChoice(tasks, source, data, split)
    begun = _is_run(folder)
    try:
        with _terminable(), progress_bar() as progress:
            common["progress"] = progress
            if resume is not None:
                result = _resume(resume, asked, changes, choice, retry_void, common)
            else:
                result = _begin(folder, asked, changes, choice, common)
            note = None if result.summary.episodes else "no episode was run"
    except KeyboardInterrupt as error:
        error_line(f"interrupted{_how_to_go_on(folder)}")
        raise typer.Exit(143 if isinstance(error, _Terminated) else 130) from None
    except Mas2Error as error:
        if begun or not _is_run(folder):
            raise
        raise type(error)(f"{error}{_how_to_go_on(folder)}") from error
    if note:
        note_line(note)
    print_result(result, json)


def _conduct(resumed: Path | None, given: dict[str, Any]) -> "Conduct":
    """How models are asked: as the options say, and else as at the last start of the run."""
    import msgspec

    from mas2_env.runs.journal import read_facts
    from mas2_env.runs.record import Conduct

    before = Conduct() if resumed is None else read_facts(resumed).starts[-1].conduct
    return msgspec.structs.replace(before, **given)


def _begin(
    folder: Path,
    asked: dict[str, Any],
    changes: dict[str, Any],
    choice: TaskChoice,
    common: dict[str, Any],
) -> "Result":
    from mas2_env.errors import PluginError
    from mas2_env.plugins import names
    from mas2_env.runs.evaluate import evaluate

    if "policies" not in asked:
        raise PluginError(
            f"say which policies: --policy {','.join(names('policies')) or 'NAME'}, or --policy all"
        )
    policies = asked.pop("policies")
    made = tasks_of(choice)
    for task in made:
        if task.size is not None and task.size < asked.get("items", 0):
            note_line(f"{task.name} has {task.size} items: all of them are taken, not {asked['items']}")
    return evaluate(policies, made, settings=_settings(None, changes), out=folder, **asked, **common)


def _resume(
    folder: Path,
    asked: dict[str, Any],
    changes: dict[str, Any],
    choice: TaskChoice,
    retry_void: bool,
    common: dict[str, Any],
) -> "Result":
    from mas2_env.runs.evaluate import resume
    from mas2_env.runs.journal import read_facts

    plan = read_facts(folder).plan
    if changes:
        asked["settings"] = _settings(plan.settings, changes)
    if any(choice):
        tasks = choice.tasks or [spec_of(entry) for entry in plan.tasks]
        asked["tasks"] = tasks_of(choice._replace(tasks=tasks))
    result = resume(folder, asked=asked, retry_void=retry_void, **common)
    for note in result.facts.starts[-1].notes:
        note_line(note)
    return result


def _settings(settings: "Settings | None", changes: dict[str, Any]) -> "Settings":
    import msgspec

    from mas2_env.errors import RunError
    from mas2_env.settings import Settings

    if changes.get("budget", 1.0) <= 0:
        raise RunError(f"--budget is {changes['budget']:g}, expected a number above 0")
    return msgspec.structs.replace(settings or Settings(), **changes)


def default_folder(tasks: Strings | None) -> Path:
    """`runs/DATE-TIME-TASKS`, one that is not there yet."""
    names = [word.partition("[")[0].rpartition(":")[2].lower() for word in words_of(tasks or ["all"])]
    short = names[0] if len(names) == 1 else f"{len(names)}-tasks"
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{short}"
    folder, number = Path("runs") / stem, 2
    while folder.exists():
        folder, number = Path("runs") / f"{stem}-{number}", number + 1
    return folder


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a run as cleanly as Ctrl-C does."""


@contextmanager
def _terminable() -> Iterator[None]:
    def terminate(number: int, frame: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_run(folder: Path) -> bool:
    return (folder / "run.json").exists()


def _how_to_go_on(folder: Path) -> str:
    if not _is_run(folder):
        return ""
    return f"; finished episodes are kept: go on with mas2 eval --resume {shlex.quote(str(folder))}"
