"""The ids of the environments.

| id | what |
| --- | --- |
| `mas2/{Task}-v0` | the text face of a task |
| `mas2/{Task}-Array-v0` | its array face |
| `mas2/Suite-v0`, `mas2/Suite-Array-v0` | items of all tasks of this distribution; the seed chooses |

Every task under the entry-point group `mas2.tasks` has ids, whoever wrote it; `{Task}` is the name of its
class (the part after the colon in the entry point). Nothing is imported to find that out. Whatever makes an
id give other returns raises its version.
"""

from contextlib import suppress
from typing import Any, Final

from gymnasium.envs.registration import register as register_env
from gymnasium.envs.registration import registry

from mas2_env.errors import PluginError
from mas2_env.plugins import registered

VERSION: Final = 0

_FACES: Final = {
    "": "mas2_env.envs.text:TextEnv",
    "-Array": "mas2_env.envs.array:ArrayEnv",
}


def register() -> tuple[str, ...]:
    """Register the environments of all tasks that are installed. Returns their ids.

    `import mas2_env` does this. It may be done again: what is registered already stays as it is.

    Raises:
        PluginError: if two distributions register different tasks under one name.
    """
    ids = []
    for name, point in registered("tasks").items():
        ids += _register(point.attr.rpartition(".")[2], {"task": name})
    return tuple(ids + _register("Suite", {}))


def register_installed() -> None:
    """What `import mas2_env` does: `register`, leaving a clash of plugins to whoever uses a task.

    An import must not fail for something that may not be needed; every use of the tasks names the clash.
    """
    with suppress(PluginError):
        register()


def env_ids() -> tuple[str, ...]:
    """The ids of all registered environments of ours, sorted."""
    return tuple(sorted(name for name in registry if name.startswith("mas2/")))


def _register(name: str, kwargs: dict[str, Any]) -> list[str]:
    ids = []
    for suffix, entry_point in _FACES.items():
        env_id = f"mas2/{name}{suffix}-v{VERSION}"
        if env_id not in registry:
            register_env(env_id, entry_point=entry_point, kwargs=dict(kwargs))
        ids.append(env_id)
    return ids
