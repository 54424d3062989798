"""Official run files out of a run folder: `python -m mas2_tasks.browsecomp_export RUN OUT`.

Needs a run with traces (`mas2 eval --traces`). Each policy and seed gets a folder of its own in OUT, with one
file for each query, which the official program and `mas2 tasks score` read. Void episodes are left out.
"""

import argparse
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mas2_env.commands.output import error_line
from mas2_env.errors import DataError, Mas2Error
from mas2_env.plugins import import_object
from mas2_env.runs.journal import read_run
from mas2_env.runs.record import Record, TaskEntry
from mas2_env.task import ToolUse, Work
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.browsecomp_runs import RunFile, write_runs


class _Line(Struct, frozen=True):
    """What is looked at in a line of a trace; the first line of an episode has a policy."""

    event: str = ""
    policy: str = ""
    task: str = ""
    item: str = ""
    seed: int = 0
    kind: str = ""
    tool: str = ""
    arguments: str = ""
    output: str | None = None
    text: str = ""


def exported(run: Path) -> Iterator[tuple[str, int, RunFile]]:
    """Policy, seed and run file of each episode of BrowseComp-Plus, in the order of the traces.

    Raises:
        DataError: if the run has no traces, or no such task.
        RunError: if it is no run folder.
    """
    facts, records = read_run(run)
    tasks = {entry.name: _task(entry) for entry in facts.plan.tasks}
    browsing = {name: task for name, task in tasks.items() if isinstance(task, BrowseCompPlus)}
    if not browsing:
        raise DataError(f"{run}: has no episode of BrowseComp-Plus; its tasks are {', '.join(tasks)}")
    if not facts.plan.traces:
        raise DataError(f"{run}: was run without traces, in which the documents shown stand; use --traces")
    known = {record.key: record for record in records}
    for head, lines in _episodes(run / "traces.jsonl.gz"):
        record = known.get((head.policy, head.task, head.item, head.seed))
        if record is not None and head.task in browsing and record.outcome.kind != "void":
            yield head.policy, head.seed, _run(browsing[head.task], record, lines)


def _task(entry: TaskEntry) -> Any:
    cls = import_object(entry.route)
    options = {**entry.options, **({} if entry.split == "all" else {"split": entry.split})}
    return cls(source=entry.source, path=entry.path, seed=entry.seed, **options)


def _episodes(path: Path) -> Iterator[tuple[_Line, list[_Line]]]:
    """First line and further lines of each episode's trace; of one that was done twice, both."""
    decoder = msgspec.json.Decoder(_Line)
    head: _Line | None = None
    lines: list[_Line] = []
    try:
        with gzip.open(path) as stream:
            for raw in stream:
                line = decoder.decode(raw)
                if line.policy and not line.event:
                    if head is not None:
                        yield head, lines
                    head, lines = line, []
                else:
                    lines.append(line)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if head is not None:
        yield head, lines


def _run(task: BrowseCompPlus, record: Record, lines: list[_Line]) -> RunFile:
    answer = record.outcome.answer
    calls = tuple(
        [
            (ToolUse(line.tool, line.arguments), line.output)
            for line in lines
            if line.kind == "tool" and line.output is not None
        ]
    )
    replies = [line.text for line in lines if line.kind == "model" and line.text]
    holding = [text for text in replies if answer is not None and task.extract(text) == answer]
    run = task.run_of(task.find(record.item), answer, Work(holding[-1] if holding else None, calls))
    return replace(run, metadata={"model": record.policy})


def main(arguments: list[str] | None = None) -> int:
    """Write the run files; exit code 1 with a message if that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder with traces")
    parser.add_argument("out", type=Path, help="a folder for run files")
    given = parser.parse_args(arguments)
    found: dict[str, dict[str, RunFile]] = {}
    try:
        for policy, seed, run in exported(given.run):
            found.setdefault(f"{policy}-{seed}", {})[run.query] = run
        for name, runs in found.items():
            print(f"{given.out / name}: {write_runs(given.out / name, runs.values())} run files")
    except Mas2Error as error:
        error_line(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
