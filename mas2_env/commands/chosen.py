"""What the options of a command choose: policies, tasks, seeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mas2_env.errors import UsageError

if TYPE_CHECKING:
    from mas2_env.runs.record import TaskEntry
    from mas2_env.task import Task

Strings = list[str]


def policies_of(given: Strings) -> dict[str, str | object]:
    """Policies by name, from `a,b`, `all`, `package.module:Name` and `NAME=package.module:Name`.

    Raises:
        PluginError: if a name is not registered.
        UsageError: if two have one name.
    """
    from mas2_env.plugins import canonical_name, names

    found: dict[str, str | object] = {}
    for word in words_of(given):
        if word == "all":
            found.update({name: name for name in names("policies") if name not in found and alone(name)})
            continue
        label, _, route = word.rpartition("=")
        if ":" in route:
            name = label or route.partition(":")[2]
        else:
            route = canonical_name("policies", route)
            name = label or route
        if found.setdefault(name, route) != route:
            raise UsageError(
                f"two policies are named {name!r}: {found[name]}, {route}; name one NAME=package.module:Name"
            )
    return found


def alone(policy: str) -> bool:
    """Whether a registered policy decides by itself, and asks no language model that a run may lack."""
    from mas2_env.plugins import load

    return not callable(getattr(load("policies", policy), "connect", None))


class TaskChoice(NamedTuple):
    """What the options of a command say of tasks: which, where their items come from, and what part."""

    tasks: Strings | None = None
    source: str | None = None
    data: Strings | None = None
    split: str | None = None


def spec_of(entry: "TaskEntry") -> str:
    """How the task of a run is named on a command line."""
    from mas2_env.spec import label_of

    split = {} if entry.split == "all" else {"split": entry.split}
    return label_of(_known_as(entry.route), {**entry.options, **split})


def _known_as(task: str) -> str:
    """The registered name of a task, however it is named; its route where it is registered nowhere.

    Raises:
        PluginError: if there is none of that name.
    """
    from mas2_env.plugins import canonical_name, registered

    name = canonical_name("tasks", task)
    return next((known for known, point in registered("tasks").items() if point.value == name), name)


def tasks_of(choice: TaskChoice) -> "list[Task]":
    """Tasks, bound to their data.

    Raises:
        PluginError: if a task is not registered.
        DataError: if its data cannot be read.
        UsageError: if `data` names a task that is not among them, or is not TASK=PATH.
    """
    from mas2_env.plugins import make_task, names
    from mas2_env.spec import parse_spec

    wanted: dict[str, str] = {}
    for word in words_of(choice.tasks or ["all"]):
        for spec in names("tasks") if word == "all" else (word,):
            wanted[spec] = _known_as(parse_spec(spec)[0])
    paths = _paths(choice.data or [], list(wanted.values()))
    if paths and choice.source == "procedural":
        raise UsageError(f"--data gives files, but --source is {choice.source!r}")
    made = []
    for spec, name in wanted.items():
        kind: Any = choice.source or ("file" if name in paths else "procedural")
        if kind == "file" and name not in paths:
            raise UsageError(f"--source is 'file', but --data names no file for {name}: --data {name}=PATH")
        made.append(make_task(spec, kind, paths.get(name), split=choice.split or "all"))
    return made


def _paths(data: Strings, tasks: Strings) -> dict[str, str]:
    """Paths by task, of which each must be among `tasks`."""
    from mas2_env.pool import did_you_mean

    paths: dict[str, str] = {}
    for entry in data:
        name, separator, path = entry.partition("=")
        if not separator or not path:
            raise UsageError(f"--data {entry!r}: expected TASK=PATH")
        name = _known_as(name)
        if name not in tasks:
            raise UsageError(f"--data {entry!r}: {name!r} is not among --tasks{did_you_mean(name, tasks)}")
        if paths.setdefault(name, path) != path:
            raise UsageError(f"--data {entry!r}: {name!r} has the data {paths[name]!r} already")
    return paths


def path_of(task: str, data: str | None) -> str | None:
    """The path that a command about one task is given.

    Raises:
        UsageError: if it is TASK=PATH, as `mas2 eval` takes it, and there is nothing of that name.
    """
    name, separator, path = (data or "").partition("=")
    if separator and not Path(data or "").exists() and _same_task(name, task):
        raise UsageError(f"--data {data!r}: the task is known here, so give the path alone: --data {path}")
    return data


def _same_task(name: str, task: str) -> bool:
    from mas2_env.errors import PluginError
    from mas2_env.spec import parse_spec

    try:
        return _known_as(name) == _known_as(parse_spec(task)[0])
    except PluginError:
        return False


def seeds_of(text: str) -> tuple[int, ...]:
    """`3` is 0, 1, 2; `4,7` is 4 and 7; `7,` is 7 alone.

    Raises:
        UsageError: if it is neither.
    """
    words = [word.strip() for word in text.split(",")]
    try:
        numbers = tuple(int(word) for word in words if word)
    except ValueError:
        numbers = ()
    if not numbers or any(number < 0 for number in numbers) or text.strip() == "0":
        raise UsageError(f"--seeds {text!r}: expected how many (3), or which (0,1,2; '0,' for seed 0 alone)")
    return numbers if "," in text else tuple(range(numbers[0]))


def words_of(given: Strings) -> list[str]:
    """The words of options that may be repeated or separated by commas."""
    from mas2_env.spec import split_words

    return [word for text in given for word in split_words(text)]
