"""What an environment is made for: its tasks, the settings of its episodes, and the item of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from mas2_env.plugins import (
    canonical_name,
    find_item,
    make_task,
    registered,
    take_item,
    task_options,
)
from mas2_env.pool import did_you_mean
from mas2_env.settings import Settings
from mas2_env.spec import parse_spec
from mas2_env.task import Item, SourceName, Task

DISTRIBUTION = "mas2-env"
"""Its tasks make up the suite, whatever else is installed: what an id means must not depend on that."""

_ENDLESS = 2**31
_SETTINGS = Settings.__struct_fields__


def read_settings(base: Settings, changes: object, options: Sequence[str] = ()) -> Settings:
    """The settings with some fields changed.

    Args:
        base: where the other fields come from.
        changes: values by field, JSON-able (`limits` as an object of its own fields).
        options: of the task, which might be meant by an unknown field.

    Raises:
        ValueError: if a field is unknown or its value is not of its kind.
    """
    if not isinstance(changes, Mapping):
        raise ValueError(f"settings is {changes!r}, expected values by field of Settings")
    fields = Settings.__struct_fields__
    for key in changes:
        if key not in fields:
            dials = f"; options of the task are {', '.join(options)}" if options else ""
            raise ValueError(
                f"unknown argument {key!r}{did_you_mean(str(key), (*options, *fields)) or ';'} settings are "
                f"{', '.join(fields)}{dials}"
            )
    try:
        plain = msgspec.to_builtins(base) | msgspec.to_builtins(dict(changes))
        return msgspec.convert(plain, Settings)
    except (msgspec.ValidationError, TypeError) as error:  # TypeError: an object that JSON has no form of
        raise ValueError(f"settings: {error}") from None


def shipped_tasks() -> tuple[str, ...]:
    """Registered names of the tasks that come in the same distribution as this module, sorted."""
    points = registered("tasks").items()
    return tuple(
        [name for name, point in points if point.dist is not None and point.dist.name == DISTRIBUTION]
    )


def own_options(task: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that the task of the environment takes, and the settings do not."""
    if not isinstance(task, str):
        return {}
    known = task_options(task)
    return {name: value for name, value in options.items() if name in known and name not in _SETTINGS}


def bound_tasks(
    task: str | Task | Sequence[str | Task] | None,
    source: SourceName,
    path: str | Mapping[str, str] | None,
    seed: int,
    options: Mapping[str, Any],
) -> tuple[Task, ...]:
    """The tasks of an environment, bound to their data; the arguments are the environment's own.

    Raises:
        TypeError, ValueError: if one is not of its kind.
        PluginError, DataError: if a task is not registered, or its items cannot be read.
    """
    if task is None:
        task = shipped_tasks()
    if isinstance(task, str | Task):
        task = (task,)
    if not isinstance(task, Sequence) or not all(isinstance(one, str | Task) for one in task):
        raise TypeError(
            f"task is {task!r}, expected the name of a registered task, a Task, or several of them"
        )
    if not task:
        raise ValueError("task is empty, expected at least one task")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"task_seed is {seed!r}, expected an integer")
    for file in path.values() if isinstance(path, Mapping) else (path,):
        if not isinstance(file, str | None):
            raise TypeError(f"path is {path!r}, expected the path of a file, or paths by the names of tasks")
    paths = (
        {canonical_name("tasks", name): file for name, file in path.items()}
        if isinstance(path, Mapping)
        else {}
    )
    made = []
    for one in task:
        if isinstance(one, Task):
            made.append(one)
            continue
        name = canonical_name("tasks", parse_spec(one)[0])
        file = paths.get(name) if isinstance(path, Mapping) else path
        made.append(make_task(one, source, file, seed, **options))
    return tuple(made)


def choose_item(tasks: Sequence[Task], generator: np.random.Generator, name: object, wanted: object) -> Item:
    """The item of an episode: drawn, or the one that is wanted of the task of that name.

    Raises:
        ValueError: if the name or the wish is not of its kind.
        DataError, IndexError: if there is no such item.
    """
    if isinstance(wanted, str) and ":" in wanted:
        prefix, _, rest = wanted.partition(":")
        if any(_means(task, prefix) for task in tasks):
            name, wanted = prefix, rest
    # Drawn whether used or not, so that options do not change what later resets draw.
    drawn = tasks[int(generator.integers(len(tasks)))]
    draw = float(generator.random())
    task = drawn if name is None else _find_task(tasks, name)
    if wanted is None:
        return take_item(task, int(draw * (_ENDLESS if task.size is None else task.size)))
    if isinstance(wanted, str):
        return find_item(task, wanted)
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer):
        raise ValueError(f"options['item'] is {wanted!r}, expected an index or an id")
    if wanted < 0 or (task.size is not None and wanted >= task.size):
        raise IndexError(
            f"options['item'] is {wanted}, but {task.name} has the items 0 to {task.size or '…'}"
        )
    return take_item(task, int(wanted))


def _means(task: Task, name: str) -> bool:
    return name.lower() in (task.label.lower(), task.name.lower(), type(task).__name__.lower())


def _find_task(tasks: Sequence[Task], name: object) -> Task:
    for task in tasks:
        if isinstance(name, str) and _means(task, name):
            return task
    names = [task.label for task in tasks]
    raise ValueError(
        f"options['task'] is {name!r}{did_you_mean(str(name), names) or ';'} "
        f"this environment has {', '.join(names)}"
    )
