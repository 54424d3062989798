"""Options and arguments of commands: their names, help and bounds."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mas2_env.commands.chosen import Strings
from mas2_env.runs.record import MOST_ITEMS

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FittedFile = Annotated[
    str | None,
    typer.Option("--calibration", metavar="FILE", help="A file that `fit` wrote, not the shipped one."),
]
TaskName = Annotated[
    str,
    typer.Argument(
        metavar="TASK",
        help="A registered task, or package.module:Class, with options in brackets: diagnostic[depth=4].",
    ),
]
Sandbox = Annotated[
    Literal["bwrap", "process"] | None,
    typer.Option(
        help="What isolates programs that agents write: bubblewrap, or no more than a process of their "
        "own. (default: $MAS2_SANDBOX, else bwrap)"
    ),
]
Source = Annotated[
    Literal["procedural", "file", "hub"] | None,
    typer.Option(help="Where the items come from. (default: procedural)"),
]
Split = Annotated[
    Literal["all", "train", "validation", "test"] | None,
    typer.Option(help="The part of the items that is used. (default: all)"),
]

# What is run.

Policies = Annotated[
    Strings | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="NAMES",
        help="Registered name, package.module:Name, or NAME=package.module:Name; repeat it, separate by "
        "commas, or say 'all' (all but llm).",
    ),
]
Tasks = Annotated[
    Strings | None,
    typer.Option(
        "--tasks",
        "--task",
        "-t",
        metavar="NAMES",
        help="Registered names or package.module:Class, separated by commas, with options in brackets: "
        "diagnostic[depth=4]. (default: all)",
    ),
]
TaskData = Annotated[
    Strings | None,
    typer.Option(
        "--data",
        metavar="TASK=PATH",
        help="A task's data file, its source being 'file'; with --source hub, a mirror.",
    ),
]
Items = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_ITEMS,
        help="The first so many items of each task, or all if it has fewer. (default: 100)",
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option(
        metavar="SEEDS", help="How many seeds (3 is 0, 1 and 2), or which (4,7; '7,' for one). (default: 1)"
    ),
]
PoolName = Annotated[
    str | None,
    typer.Option("--pool", metavar="NAME", help="A shipped pool, or a .toml file. (default: default)"),
]
BackendName = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="What answers model calls: a registered name, or package.module:Name, with options in brackets: "
        "simulated[parameters=mine.toml]. (default: simulated)",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="θ_C, the cost at which the Rectifier gets a turn, in plain single calls. (default: 12)",
    ),
]
Rectifier = Annotated[
    bool | None,
    typer.Option(
        "--rectifier/--no-rectifier", help="Whether systems are mended while they run. (default: they are)"
    ),
]
Reward = Annotated[
    Literal["cost", "success", "shaped"] | None,
    typer.Option(help="Success by its cost, success alone, or score by 1 + cost. (default: cost)"),
]

# The run folder.

Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Run folder. (default: runs/DATE-TIME-TASKS)")
]
Resume = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Go on with the run in this folder; it knows all other options."),
]
RetryVoid = Annotated[bool, typer.Option("--retry-void", help="With --resume: do void episodes again.")]
Baseline = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Policy to compare with. (default: direct, else the first)"),
]
Traces = Annotated[bool, typer.Option("--traces", help="Keep the trace of every episode.")]
Summary = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]

# How models are asked.

Batch = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Episodes under way at once, in each process. (default: 64)"),
]
Workers = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes. (default: 1)")]
MaxCost = Annotated[
    float | None,
    typer.Option(metavar="USD", help="Stop once so much has been billed. (default: no limit)"),
]
Deadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="An episode that takes longer ends void. (default: no limit)"),
]
Cache = Annotated[
    Path | None, typer.Option("--cache", metavar="FILE", help="Keep replies there, and take them from there.")
]
CacheMode = Annotated[
    Literal["off", "read", "read-write"] | None,
    typer.Option(help="Whether replies are taken from the cache, and new ones kept. (default: read-write)"),
]
RecordTo = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Record every call, to replay the run.")
]
ReplayFrom = Annotated[
    Path | None, typer.Option("--replay", metavar="FILE", help="Replay a recording: nobody is asked.")
]
KeepLedger = Annotated[bool, typer.Option("--ledger", help="Keep a ledger though the backend bills nothing.")]

# Files of predictions.

Predictions = Annotated[
    str, typer.Argument(metavar="FILE", help="Predictions: JSON Lines, JSON; gzipped or not.")
]
ScoredData = Annotated[
    str | None,
    typer.Option("--data", metavar="PATH", help="Items that predictions refer to, in the official form."),
]
ScoredSource = Annotated[
    Literal["procedural", "file", "hub"] | None,
    typer.Option("--source", help="Where the items come from. (default: file with --data, else procedural)"),
]
FormatName = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Form of FILE, where its content does not tell."),
]
Complete = Annotated[bool, typer.Option("--complete", help="Exit code 1 unless every prediction was scored.")]
Compare = Annotated[
    bool, typer.Option("--compare", help="Compare with the verdicts that rows hold as `official`.")
]
