"""Tasks, policies, backends and commands, found through entry points and loaded when they are asked for.

A third party's plugin is on the same footing as the project's own: both are entry points of an installed
distribution. Nothing is imported before it is used.
"""

import importlib
import inspect
import os
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from mas2_env.errors import DataError, Mas2Error, PluginError
from mas2_env.policy import Policy
from mas2_env.pool import Pool, did_you_mean
from mas2_env.spec import arguments_of, label_of, parse_spec
from mas2_env.task import Item, SourceName, Task

Group: TypeAlias = Literal["tasks", "policies", "backends", "commands"]

_SINGULAR: dict[Group, str] = {
    "tasks": "task",
    "policies": "policy",
    "backends": "backend",
    "commands": "command",
}


@lru_cache(maxsize=8)
def registered(group: Group) -> dict[str, EntryPoint]:
    """Entry points of the group `mas2.<group>` by name, sorted.

    Raises:
        PluginError: if two distributions register different objects under one name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=f"mas2.{group}"), key=lambda point: point.name.lower()):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise PluginError(
                f"two plugins register the {_SINGULAR[group]} {point.name!r}: {other.value} "
                f"({_origin(other)}) and {point.value} ({_origin(point)}); uninstall one of them"
            )
    return found


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "unknown distribution"


def names(group: Group) -> tuple[str, ...]:
    """Names that are registered in a group, sorted."""
    return tuple(registered(group))


def canonical_name(group: Group, name: str) -> str:
    """The registered name that `name` means; case, `_` and `-` do not matter. A route stays as it is.

    Raises:
        PluginError: if there is none, with the nearest, all that are registered, and how to register one.
    """
    points = registered(group)
    if name in points or (":" in name and group != "commands"):
        return name
    alike = [known for known in points if _fold(known) == _fold(name)]
    if len(alike) == 1:
        return alike[0]
    word = _SINGULAR[group]
    near = did_you_mean(name.lower(), points)
    listed = f"registered are {', '.join(points)}" if points else "none is registered"
    how = f"register your own under the entry-point group 'mas2.{group}'"
    if group != "commands":
        how += ", or name it as package.module:Name"
    raise PluginError(f"no {word} is named {name!r}{near or ';'} {listed}; {how}")


def _fold(name: str) -> str:
    return name.lower().replace("_", "-")


def load(group: Group, name: str) -> Any:
    """Import what is registered under a name, or at `package.module:Name`.

    Raises:
        PluginError: if nothing is, or if its module cannot be imported.
    """
    name = canonical_name(group, name)
    if ":" in name:
        return import_object(name, _SINGULAR[group])
    point = registered(group)[name]
    return import_object(point.value, f"{_SINGULAR[group]} {point.name!r} of {_origin(point)}")


def import_object(route: str, what: str = "") -> Any:
    """Import `package.module:Name` (or `:Outer.Inner`).

    Args:
        route: where the object is.
        what: what is being imported, for errors; the route itself by default.

    Raises:
        PluginError: if the route is not one, its module does not import (with the last line of what went
            wrong there, the original exception being the cause), or has no such attribute.
    """
    what = f"{what} ({route})" if what else repr(route)
    module_name, _, attribute = route.partition(":")
    if not all(part.isidentifier() for part in f"{module_name}.{attribute}".split(".")):
        raise PluginError(f"{route!r} is not a route to an object; expected package.module:Name")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a script that ends with sys.exit must not end us in silence
        raise PluginError(
            f"{what} cannot be imported: {_last_line(error)}{_hint(error, module_name)}"
        ) from error
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in vars(module) if not name.startswith("_")]
            place = getattr(module, "__file__", "built in")
            raise PluginError(
                f"{what} cannot be imported: {module_name} ({place}) has no attribute {attribute!r}"
                f"{did_you_mean(attribute, public)}"
            )
        found = getattr(found, part)
    return found


def _last_line(error: BaseException) -> str:
    """The exception and the place it was raised at, in one line."""
    text = traceback.format_exception_only(error)[-1].strip()
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename
    ]
    return f"{text} ({frames[-1].filename}:{frames[-1].lineno})" if len(frames) > 1 else text


def _hint(error: BaseException, module_name: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        if module_name == error.name or module_name.startswith(error.name + "."):
            return "; is it installed, or in the directory that you run mas2 from?"
        return f"; it needs {error.name!r}: install it"
    return "; --debug shows the whole traceback"


def make_task(
    spec: str,
    source: SourceName = "procedural",
    path: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Task:
    """The task registered under a name, bound to a source of items.

    Args:
        spec: the name as registered, where case does not matter, or `package.module:Class`; with options in
            brackets if wanted, as in `diagnostic[depth=4,split=test]`.
        source: `procedural`, `file` or `hub`.
        path: the file of source `file`.
        seed: of the procedural generator.
        options: `split`, and arguments of the task's own; those in the brackets win.

    Raises:
        PluginError: if there is no such task, it is not a `mas2_env.task.Task`, or has no such option.
        DataError: if its data cannot be read.
    """
    name, given = parse_spec(spec)
    return bind_task(task_class(name), source, path, seed, {**options, **given})


def bind_task(
    cls: type[Task], source: SourceName, path: str | None, seed: int, options: dict[str, Any]
) -> Task:
    """A task of that class, made with options that it has.

    Raises:
        PluginError: if it has no such option.
        DataError: if its data cannot be read.
    """
    options = dict(options)
    if options.get("split") == "all":
        del options["split"]
    _check_options(f"task {cls.name}", options, _options_of(cls))
    return cls(source=source, path=path, seed=seed, **options)


def _check_options(what: str, given: Iterable[str], known: Sequence[str]) -> None:
    for option in given:
        if option not in known:
            raise PluginError(
                f"{what} has no option {option!r}{did_you_mean(option, known) or ';'} "
                f"it has {', '.join(known) or 'none'}"
            )


def task_options(spec: str) -> tuple[str, ...]:
    """Names of the options that `make_task` takes for a task.

    Raises:
        PluginError: if there is no such task.
    """
    return _options_of(task_class(parse_spec(spec)[0]))


def _options_of(
    made_by: Callable[..., object], made_with: Sequence[str] = ("source", "path", "seed")
) -> tuple[str, ...]:
    """Arguments that may be given by name, but for those that whatever is made is always made with."""
    return tuple(name for name in arguments_of(made_by) if name not in made_with)


def task_class(name: str) -> type[Task]:
    """The class of a task, by its registered name or by its route.

    Raises:
        PluginError: if there is no such task, or it is not a `mas2_env.task.Task`.
    """
    cls = load("tasks", name)
    if not (isinstance(cls, type) and issubclass(cls, Task)):
        raise PluginError(f"task {name!r} is {cls!r}, expected a subclass of mas2_env.task.Task")
    if inspect.isabstract(cls):
        lacking = ", ".join(sorted(cls.__abstractmethods__))
        raise PluginError(
            f"task {name!r} cannot be used as it is: {cls.__qualname__} does not define {lacking}"
        )
    return cls


def take_item(task: Task, index: int) -> Item:
    """The item of a task at an index, held to what `Task.item` promises: a third party's may not keep it.

    Raises:
        DataError: if there is none, the task raises, or what it gives is no item.
    """
    return _held(task, f"item({index})", lambda: task.item(index))


def find_item(task: Task, item_id: str) -> Item:
    """The item of a task by its id, likewise.

    Raises:
        DataError: if there is none, the task raises, or what it gives is no item.
    """
    return _held(task, f"find({item_id[:80]!r})", lambda: task.find(item_id))


def _held(task: Task, what: str, take: Callable[[], Item]) -> Item:
    try:
        item = take()
    except Mas2Error:
        raise
    except Exception as error:
        raise DataError(
            f"{task.name}: {what} raised {_last_line(error)}; --debug shows the whole traceback"
        ) from error
    if not isinstance(item, Item):
        raise DataError(f"{task.name}: {what} gave a {type(item).__name__}, expected an Item")
    for field in ("id", "query"):
        text = getattr(item, field)
        if not isinstance(text, str) or not _is_unicode(text):
            raise DataError(f"{task.name}: {what} gave an item whose {field} is {text!r}, expected a text")
    return item


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which JSON cannot hold
        return False
    return True


def make_policy(policy: str | object, seed: int = 0) -> Policy:
    """A policy by its registered name, by `package.module:Name`, or from an object.

    The object may be a policy, its class, or a factory without other arguments; a class or factory that takes
    `seed` is given it.

    Raises:
        PluginError: if there is none of that name, it cannot be imported or made, or has no `decide`.
    """
    found: Any = policy
    what = "the policy"
    if isinstance(policy, str):
        what = f"policy {policy!r}"
        found = load("policies", policy)
    if isinstance(found, type) or (callable(found) and not hasattr(found, "decide")):
        found = _construct(found, seed, what)
    if not callable(getattr(found, "decide", None)):
        raise PluginError(
            f"{what} is a {type(found).__name__} without a method decide(observations); expected a class, an "
            "object or a factory of objects that have one"
        )
    return cast(Policy, found)


def _construct(factory: Callable[..., object], seed: int, what: str) -> object:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]
    options = {"seed": seed} if "seed" in parameters else {}
    needed = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in options
    ]
    if needed:
        raise PluginError(
            f"{what} cannot be made without {', '.join(needed)}: only `seed` is given; "
            "write a function without arguments that makes it and name that function"
        )
    try:
        return factory(**options)
    except Mas2Error:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{what} cannot be made: {_last_line(error)}; --debug shows the whole traceback"
        ) from error


def make_backend(spec: str, pool: Pool) -> Any:
    """A backend by its registered name or `package.module:Name`, made for a pool.

    Args:
        spec: that name; with options in brackets if wanted, as in `simulated[parameters=mine.toml]`:
            arguments of its class (or function) after the pool.
        pool: of the backbones that it answers for.

    Raises:
        PluginError: if there is none, it has no such option, or it cannot be made.
    """
    name, options = parse_spec(spec)
    made_by = load("backends", name)
    if options:
        pool_name = next(iter(inspect.signature(made_by).parameters), "pool")
        _check_options(f"backend {name!r}", options, _options_of(made_by, ("pool", pool_name)))
    try:
        return made_by(pool, **options)
    except Mas2Error:
        raise
    except Exception as error:
        raise PluginError(
            f"backend {spec!r} cannot be made: {_last_line(error)}; --debug shows the whole traceback"
        ) from error


def backend_spec(spec: str) -> str:
    """The spec of a backend that means the same in any directory: its registered name, and absolute paths.

    An option is a path if its annotation says so: `Path`, or a union with it.

    Raises:
        PluginError: if there is none of that name.
    """
    name, options = parse_spec(spec)
    if not options:
        return canonical_name("backends", name)
    for key, parameter in arguments_of(load("backends", name)).items():
        value = options.get(key)
        if isinstance(value, str) and _says_path(parameter.annotation):
            options[key] = os.path.abspath(os.path.expanduser(value))
    return label_of(canonical_name("backends", name), options)


def _says_path(annotation: object) -> bool:
    """Whether an annotation is `Path` or a union with it.

    One that is text is looked at as it is: what it names may be imported for type checkers alone.
    """
    if isinstance(annotation, str):
        return re.search(r"\bPath\b", annotation) is not None
    return annotation is Path or Path in get_args(annotation)
