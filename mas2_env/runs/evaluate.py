"""Evaluating policies: policies × tasks × seeds × items, in memory or as a run folder that can be resumed."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

from mas2_env.backends.base import Backend
from mas2_env.errors import DataError, RunError
from mas2_env.pool import Pool
from mas2_env.runs import journal
from mas2_env.runs.equip import Equipment, mend_ledger
from mas2_env.runs.missing import check_records, missing
from mas2_env.runs.plan import ITEMS, differences, make_workshop, policy_notes, remake_workshop, start
from mas2_env.runs.record import FORMAT, Conduct, Facts, Key, Plan, Record, Start
from mas2_env.runs.result import Result
from mas2_env.runs.work import Finished, Workshop, perform_all
from mas2_env.settings import Settings
from mas2_env.task import Task

Progress: TypeAlias = Callable[[int, int, Record | None], None]
"""Called with the episodes that are done, the episodes of the whole run, and the one just finished."""


def run(
    policy: object,
    task: str | Task,
    *,
    items: int = 20,
    seed: int = 0,
    pool: str | Pool = "default",
    settings: Settings | None = None,
    backend: str | Backend = "simulated",
    batch: int = 64,
    conduct: Conduct | None = None,
) -> Result:
    """Run one policy over the first items of a task, in memory.

    Args:
        policy: a policy, its class, its registered name, or `package.module:Name`.
        task: a task or its registered name.
        items: how many.
        seed: of the episodes and the policy.
        pool: a shipped pool's name, the path of a pool file, or a pool.
        settings: of the episodes.
        backend: registered name, with options in brackets if wanted (`simulated[parameters=mine.toml]`), or
            an object.
        batch: episodes under way at once.
        conduct: how models are asked.

    Raises:
        Mas2Error: if something cannot be made, or the policy raises.
    """
    return evaluate(
        [policy],
        [task],
        items=items,
        seeds=(seed,),
        pool=pool,
        settings=settings,
        backend=backend,
        batch=batch,
        conduct=conduct,
    )


def evaluate(
    policies: Sequence[str | object] | Mapping[str, str | object],
    tasks: Sequence[str | Task],
    *,
    pool: str | Pool = "default",
    settings: Settings | None = None,
    seeds: Sequence[int] = (0,),
    items: int | Mapping[str, int] | None = ITEMS,
    backend: str | Backend = "simulated",
    out: str | Path | None = None,
    batch: int = 64,
    workers: int = 1,
    traces: bool = False,
    baseline: str | None = None,
    conduct: Conduct | None = None,
    command: str = "",
    progress: Progress | None = None,
    sandbox: Literal["bwrap", "process"] | None = None,
) -> Result:
    """Run policies on tasks.

    Args:
        policies: registered names, `package.module:Name`, objects, or classes; a mapping gives them names.
        tasks: registered names or tasks.
        pool: a shipped pool's name, the path of a pool file, or a pool.
        settings: of the episodes.
        seeds: each is an episode seed and a policy seed.
        items: the first so many items of each task; by task label; or None for all.
        backend: registered name, with options in brackets if wanted (`simulated[parameters=mine.toml]`), or
            an object.
        out: the run folder to write, new or empty; None keeps the run in memory.
        batch: episodes under way at once.
        workers: processes. More than one start with the `spawn` method, so a script that asks for them keeps
            its main part behind `if __name__ == "__main__"`.
        traces: whether the trace of every episode is kept in the folder.
        baseline: policy that the others are compared with; by default `direct`, else the first.
        conduct: how models are asked: a limit to the cost, kept answers, a recording.
        command: noted in `run.json`.
        progress: told of each finished episode.
        sandbox: what stands between this machine and the programs that agents write, for tasks of programs;
            by default `$MAS2_SANDBOX`, else bubblewrap's.

    Raises:
        Breakdown: if a task cannot work here: programs, say, have no isolation. Nothing is written then.
        PolicyError: if a policy raises; the folder keeps what was finished, and the run can be resumed.
        Halt: likewise, if the money is spent or a provider is down.
        Mas2Error: if something cannot be made or written.
    """
    workshop = make_workshop(
        policies,
        tasks,
        pool=pool,
        settings=settings,
        seeds=seeds,
        items=items,
        backend=backend,
        traces=traces and out is not None,
    )
    _check_options(batch, workers, baseline, workshop.plan)
    conduct = conduct or Conduct()
    begun = start(command or " ".join(sys.argv), batch, workers, conduct)
    facts, folder = Facts(FORMAT, workshop.plan, (begun,)), Path(out) if out is not None else None
    records: dict[Key, Record] = {}
    with _sandboxed(sandbox), closing(workshop), ExitStack() as stack:
        _ready(workshop)
        ledger_folder = stack.enter_context(_ledger_folder(folder, workers))
        equipment = stack.enter_context(closing(Equipment(conduct, ledger_folder)))
        _equip(workshop, equipment, conduct)
        book = stack.enter_context(journal.create(folder, facts)) if folder is not None else None
        _perform(workshop, records, book, begun, progress)
        return Result(facts, list(records.values()), folder, baseline, equipment.totals)


def resume(
    folder: str | Path,
    *,
    policies: Mapping[str, object] | None = None,
    backend: Backend | None = None,
    asked: Mapping[str, Any] | None = None,
    retry_void: bool = False,
    batch: int | None = None,
    workers: int | None = None,
    baseline: str | None = None,
    conduct: Conduct | None = None,
    command: str = "",
    progress: Progress | None = None,
    sandbox: Literal["bwrap", "process"] | None = None,
) -> Result:
    """Go on with a run: do the episodes that are missing, and no other.

    Args:
        folder: the run folder.
        policies: objects for policies that had been passed as objects, by name.
        backend: likewise.
        asked: what the caller takes the run to be, as arguments of `evaluate`; an error if it is not.
        retry_void: do void episodes again.
        batch: as for `evaluate`; by default what it was at the last start.
        workers: likewise.
        baseline: as for `evaluate`.
        conduct: as for `evaluate`; by default what it was at the last start.
        command: as for `evaluate`.
        progress: as for `evaluate`.
        sandbox: as for `evaluate`.

    Raises:
        RunError: if the folder is damaged or in use, or if pool, data, settings, backend or version are not
            those that the run began with.
        PolicyError: if a policy raises.
        Mas2Error: if something cannot be made or written.
    """
    folder = Path(folder)
    old = journal.read_facts(folder)
    workshop = remake_workshop(old.plan, policies, backend, asked)
    last = old.starts[-1]
    batch = batch if batch is not None else last.batch
    workers = workers if workers is not None else last.workers
    conduct = conduct if conduct is not None else last.conduct
    _check_options(batch, workers, baseline, old.plan)
    notes = policy_notes(old.plan, workshop.plan)
    now = start(command or " ".join(sys.argv), batch, workers, conduct, notes)
    _check_same(folder, old, workshop.plan, now)
    facts = Facts(FORMAT, old.plan, (*old.starts, now))
    with _sandboxed(sandbox), closing(workshop), ExitStack() as stack:
        book = stack.enter_context(journal.resume(folder, facts))
        _ready(workshop)
        mend_ledger(folder)
        equipment = stack.enter_context(closing(Equipment(conduct, folder, retry_void)))
        _equip(workshop, equipment, conduct)
        check_records(folder, old.plan, book.records)
        kept = {key: r for key, r in book.records.items() if not (retry_void and r.outcome.kind == "void")}
        _perform(workshop, kept, book, now, progress)
        return Result(facts, list(book.records.values()), folder, baseline, equipment.totals)


def _perform(
    workshop: Workshop,
    done: dict[Key, Record],
    book: journal.Journal | None,
    start: Start,
    progress: Progress | None,
) -> None:
    """Do the episodes that are not done, and add them to `done` and to the journal."""
    finished = perform_all(workshop, missing(workshop, done), start.batch, start.workers)
    with closing(finished):
        for record, trace in _told(finished, done, workshop.plan.size, progress):
            if book is not None:
                book.append(record, trace)
            done[record.key] = record


def _check_same(folder: Path, old: Facts, plan: Plan, now: Start) -> None:
    """Raise `RunError` if today's plan or version is not what the run began with."""
    found = differences(old.plan, plan)
    before, after = (s.versions.get("mas2-env") for s in (old.starts[0], now))
    if before != after:
        found.append(f"mas2-env was {before} and is now {after}")
    if found:
        raise RunError(
            f"{folder} cannot be resumed: {'; '.join(found)}; begin a new run, or restore what it began with"
        )


def _equip(workshop: Workshop, equipment: Equipment, conduct: Conduct) -> None:
    workshop.equip(equipment)
    workshop.deadline = conduct.deadline
    for number in range(len(workshop.policies)):  # one that cannot work with this backend says so at once
        workshop.policy(number, workshop.plan.seeds[0])


@contextmanager
def _ledger_folder(out: Path | None, workers: int) -> Iterator[Path | None]:
    """Where the ledger is: with the run; or nowhere, unless worker processes have to share it."""
    if out is not None or workers == 1:
        yield out
        return
    with TemporaryDirectory(prefix="mas2-ledger-") as folder:
        yield Path(folder)


def _sandboxed(name: str | None) -> AbstractContextManager[None]:
    if name is None:
        return nullcontext()
    from mas2_env.tools.python import sandbox

    return sandbox(name)


def _ready(workshop: Workshop) -> None:
    for task in workshop.tasks:
        task.ready()


def _check_options(batch: int, workers: int, baseline: str | None, plan: Plan) -> None:
    for name, value in (("batch", batch), ("workers", workers)):
        if value < 1:
            raise RunError(f"{name} is {value}, expected at least 1")
    policies = [entry.name for entry in plan.policies]
    if baseline is not None and baseline not in policies:
        raise RunError(f"baseline {baseline!r} is not one of the policies {', '.join(policies)}")


def _told(
    finished: Iterator[Finished], done: Mapping[Key, Record], total: int, progress: Progress | None
) -> Iterator[Finished]:
    """The finished episodes, each checked to be new, with the progress reported after it was dealt with."""
    if progress is not None:
        progress(len(done), total, None)
    for record, trace in finished:
        if record.key in done:
            raise DataError(
                f"{record.task}: two of the items have the id {record.item!r}; ids must be unique"
            )
        yield record, trace
        if progress is not None:
            progress(len(done), total, record)
