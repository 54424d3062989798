"""Which episodes of a plan are still to be done."""

from collections.abc import Mapping
from pathlib import Path

from mas2_env.errors import RunError
from mas2_env.plugins import take_item
from mas2_env.runs.record import Key, Plan, Record, TaskEntry
from mas2_env.runs.work import Chunk, Workshop
from mas2_env.task import Task


def missing(workshop: Workshop, done: Mapping[Key, Record]) -> list[Chunk]:
    """The episodes that are not done, a chunk for each policy, task and seed."""
    plan = workshop.plan
    chunks = []
    for t, (entry, task) in enumerate(zip(plan.tasks, workshop.tasks, strict=True)):
        ids = _begun(task, entry, done)
        untouched = range(len(ids), entry.items)
        for p, policy in enumerate(plan.policies):
            for seed in plan.seeds:
                left_out = tuple(
                    i for i, item in enumerate(ids) if (policy.name, entry.name, item, seed) not in done
                )
                chunks += [Chunk(p, t, seed, items) for items in (left_out, untouched) if items]
    return chunks


def _begun(task: Task, entry: TaskEntry, done: Mapping[Key, Record]) -> list[str]:
    """Ids of the first items of a task, as far as any episode of theirs is done."""
    wanted = {item for _, name, item, _ in done if name == entry.name}
    ids: list[str] = []
    while wanted:
        if len(ids) == entry.items:
            raise RunError(
                f"episodes of {entry.name} are done whose item {min(wanted)!r} is not among its first "
                f"{entry.items} items; take their lines out of episodes.jsonl (keep a copy of the file)"
            )
        ids.append(take_item(task, len(ids)).id)
        wanted.discard(ids[-1])
    return ids


def check_records(folder: Path, plan: Plan, records: Mapping[Key, Record]) -> None:
    """Raise `RunError` if a folder holds an episode that is not of its run."""
    policies = {entry.name for entry in plan.policies}
    tasks = {entry.name for entry in plan.tasks}
    for policy, task, item, seed in records:
        if policy not in policies or task not in tasks or seed not in plan.seeds:
            raise RunError(
                f"{folder / 'episodes.jsonl'} holds an episode that is not of this run: policy {policy!r}, "
                f"task {task!r}, item {item!r}, seed {seed}; nothing was changed"
            )
