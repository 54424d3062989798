"""From what a user asks for to a plan that can be written down, carried out, and checked on resumption."""

import hashlib
import inspect
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from mas2_env.backends.base import Backend
from mas2_env.errors import DataError, RunError
from mas2_env.plugins import backend_spec, canonical_name, make_backend, make_policy, make_task
from mas2_env.pool import Pool, load_pool
from mas2_env.runs.record import MOST_ITEMS, Conduct, Plan, PolicyEntry, Start, TaskEntry
from mas2_env.runs.work import Workshop
from mas2_env.settings import Settings
from mas2_env.spec import label_of, parse_spec
from mas2_env.task import Task

ITEMS = 100
"""Items of each task, unless asked for otherwise."""

_VERSIONS = ("mas2-env", "numpy", "msgspec", "gymnasium")


def make_workshop(
    policies: Sequence[str | object] | Mapping[str, str | object],
    tasks: Sequence[str | Task],
    *,
    pool: str | Pool = "default",
    settings: Settings | None = None,
    seeds: Sequence[int] = (0,),
    items: int | Mapping[str, int] | None = ITEMS,
    backend: str | Backend = "simulated",
    traces: bool = False,
) -> Workshop:
    """Everything that a run needs, made and checked, with its plan. The arguments are those of `evaluate`.

    Raises:
        Mas2Error: a `PluginError`, `PoolError`, `DataError` or `RunError` that says what is wrong.
    """
    named = _name_policies(policies)
    made_tasks = tuple(make_task(task) if isinstance(task, str) else task for task in tasks)
    _unique([task.label for task in made_tasks], "task")
    if not named or not made_tasks or not seeds:
        raise RunError("a run needs at least one policy, one task and one seed")
    _unique([str(seed) for seed in seeds], "seed")
    found = load_pool(pool) if isinstance(pool, str) else pool
    made_backend = make_backend(backend, found) if isinstance(backend, str) else backend
    plan = Plan(
        policies=tuple(_policy_entry(name, policy, seeds[0]) for name, policy in named.items()),
        tasks=tuple(_task_entry(task, items) for task in made_tasks),
        seeds=tuple(seeds),
        pool=_pool_path(pool) if isinstance(pool, str) else "",
        pool_name=found.name,
        pool_digest=found.digest,
        backend=backend_spec(backend) if isinstance(backend, str) else "",
        settings=settings if settings is not None else Settings(),
        backend_digest=str(getattr(made_backend, "digest", "")),
        traces=traces,
    )
    _check_plan(plan)
    return Workshop(plan, tuple(named.values()), made_tasks, found, made_backend)


def _check_plan(plan: Plan) -> None:
    """Raise `RunError` if a plan cannot be read from the `run.json` that it would be written to."""
    try:
        msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    except (TypeError, ValueError) as error:
        raise RunError(f"run.json could not hold what this run consists of: {error}") from None


def remake_workshop(
    plan: Plan,
    policies: Mapping[str, object] | None = None,
    backend: Backend | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Workshop:
    """The workshop of a run that was begun; its plan is today's, to be compared with the old one.

    Args:
        plan: as written down.
        policies: objects for policies that had been passed as objects, by name.
        backend: likewise.
        asked: arguments of `make_workshop` that take the place of what is written down.

    Raises:
        RunError: if such an object is missing.
        Mas2Error: if something cannot be made any more.
    """
    given = dict(policies or {})
    missing = [entry.name for entry in plan.policies if not entry.route and entry.name not in given]
    if missing or not plan.pool or not (plan.backend or backend):
        what = ", ".join([f"policy {name!r}" for name in missing] or ["the pool or the backend"])
        raise RunError(
            f"{what} of this run was passed as a Python object: resume it in Python with that object"
        )
    asked = asked or {}
    arguments: dict[str, Any] = {
        "policies": {entry.name: given.get(entry.name, entry.route) for entry in plan.policies},
        "pool": plan.pool,
        "settings": plan.settings,
        "seeds": plan.seeds,
        "items": {entry.name: entry.items for entry in plan.tasks},
        "backend": backend if backend is not None else plan.backend,
        "traces": plan.traces,
    }
    if "tasks" not in asked:
        arguments["tasks"] = [
            make_task(entry.route, entry.source, entry.path, entry.seed, split=entry.split, **entry.options)
            for entry in plan.tasks
        ]
    return make_workshop(**{**arguments, **asked})


def differences(old: Plan, new: Plan) -> list[str]:
    """What keeps a run of plan `new` from going on with one of plan `old`, a phrase for each."""
    found = []
    if old.pool_digest != new.pool_digest:
        found.append(
            f"the pool was {old.pool_name!r} ({old.pool_digest[:12]}) and is now {new.pool_name!r} "
            f"({new.pool_digest[:12]})"
        )
    before, after = msgspec.to_builtins(old.settings), msgspec.to_builtins(new.settings)
    found += [
        f"setting {name!r} was {before.get(name)!r} and is now {after.get(name)!r}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]
    found += _list_difference("policies", [p.name for p in old.policies], [p.name for p in new.policies])
    found += _list_difference("tasks", [t.name for t in old.tasks], [t.name for t in new.tasks])
    found += _list_difference("seeds", list(old.seeds), list(new.seeds))
    tasks = {task.name: task for task in new.tasks}
    for task in old.tasks:
        if task.name in tasks:
            found += _task_differences(task, tasks[task.name])
    found += _backend_differences(old, new)
    if old.traces != new.traces:
        found.append(f"traces was {old.traces} and is now {new.traces}")
    return found


def _backend_differences(old: Plan, new: Plan) -> list[str]:
    if _backend(old) != _backend(new):
        return [f"backend was {old.backend!r} and is now {new.backend!r}"]
    if old.backend_digest != new.backend_digest:
        return [
            f"the parameters of backend {new.backend!r} have changed: their digest was "
            f"{old.backend_digest[:12]!r} and is now {new.backend_digest[:12]!r}"
        ]
    return []


def _backend(plan: Plan) -> str:
    """A plan's backend without the places of its files, which its digest tells by their content."""
    name, options = parse_spec(plan.backend)
    if not plan.backend_digest:
        return plan.backend
    placeless = {
        key: "FILE" if isinstance(value, str) and os.path.isabs(value) else value
        for key, value in options.items()
    }
    return label_of(name, placeless)


def _list_difference(word: str, old: Sequence[object], new: Sequence[object]) -> list[str]:
    if list(old) == list(new):
        return []
    return [f"{word} were {', '.join(map(str, old))} and are now {', '.join(map(str, new))}"]


def _task_differences(old: TaskEntry, new: TaskEntry) -> list[str]:
    return [
        f"the {word} of {old.name} was {getattr(old, field)!r} and is now {getattr(new, field)!r}"
        for field, word in (
            ("source", "source"),
            ("seed", "seed"),
            ("version", "version"),
            ("items", "number of items"),
            ("digest", "data's digest"),
        )
        if getattr(old, field) != getattr(new, field)
    ]


def policy_notes(old: Plan, new: Plan) -> tuple[str, ...]:
    """Policies whose code has changed since: the run goes on, but says so."""
    digests = {entry.name: entry.digest for entry in old.policies}
    return tuple(
        f"the code of policy {entry.name} has changed since the run began"
        for entry in new.policies
        if entry.digest != digests.get(entry.name, entry.digest)
    )


def start(command: str, batch: int, workers: int, conduct: Conduct, notes: tuple[str, ...] = ()) -> Start:
    """A start of a run, now."""
    versions = {"python": platform.python_version()}
    for package in _VERSIONS:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    command = command.encode("utf-8", "backslashreplace").decode()  # arguments may be any bytes
    return Start(
        datetime.now(UTC).isoformat(timespec="seconds"), command, versions, batch, workers, notes, conduct
    )


def _name_policies(policies: Sequence[str | object] | Mapping[str, str | object]) -> dict[str, str | object]:
    if isinstance(policies, Mapping):
        named = list(policies.items())
    else:
        named = [(_policy_name(policy), policy) for policy in policies]
    _unique([name for name, _ in named], "policy")
    for name, _ in named:
        if not name.isprintable() or not name.strip():
            raise RunError(f"policy {name!r}: expected a name of printable characters")
    return dict(named)


def _policy_name(policy: str | object) -> str:
    if isinstance(policy, str):
        return policy.partition(":")[2] if ":" in policy else canonical_name("policies", policy)
    return str(getattr(policy, "__name__", type(policy).__name__))


def _unique(names: Sequence[str], word: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        more = "; give each a name of its own: NAME=package.module:Name" if word == "policy" else ""
        raise RunError(f"{word} {twice[0]!r} is given twice{more}")


def _policy_entry(name: str, policy: str | object, seed: int) -> PolicyEntry:
    made = make_policy(policy, seed)
    try:
        file = inspect.getsourcefile(type(made))
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
    except (TypeError, OSError):
        digest = ""
    route = policy if isinstance(policy, str) else ""
    return PolicyEntry(name, route, digest)


def _task_entry(task: Task, items: int | Mapping[str, int] | None) -> TaskEntry:
    size = task.size
    wanted = items.get(task.label, ITEMS) if isinstance(items, Mapping) else items
    if wanted is None and size is None:
        raise RunError(f"the items of {task.name} ({task.source}) never end: say how many")
    if wanted is not None and not 1 <= wanted <= MOST_ITEMS:
        raise RunError(f"{wanted} items are asked for, expected 1 to {MOST_ITEMS:,}")
    number = min(n for n in (wanted, size) if n is not None)
    if number < 1:
        raise DataError(f"{task.name}: {task.path or task.source} holds no items")
    cls = type(task)
    return TaskEntry(
        name=task.label,
        route=f"{cls.__module__}:{cls.__qualname__}",
        title=task.title,
        version=task.version,
        source=task.source,
        path=os.path.abspath(task.path) if task.path is not None else None,
        seed=task.seed,
        digest=task.digest,
        size=size,
        items=number,
        licence=task.licence,
        citation=task.citation,
        split=task.split,
        options=task.options,
    )


def _pool_path(pool: str) -> str:
    return os.path.abspath(pool) if pool.endswith(".toml") else pool
