"""`check_env`: everything that an environment of this package promises, checked by use.

For authors of tasks: it needs nothing but an id, and says in one error all that is wrong.
"""

import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env as check_gymnasium

from mas2_env.envs.base import EpisodeEnv
from mas2_env.envs.check_play import AnyEnv, bad_action_problems, leak_problems, play_problems
from mas2_env.envs.check_task import task_problems
from mas2_env.envs.spaces import DecisionSpace, Prose
from mas2_env.envs.transcript import transcript
from mas2_env.errors import Mas2Error

_WAIT = 300.0


class EnvCheckError(Mas2Error):
    """An environment that breaks promises.

    Attributes:
        problems: one line for each.
    """

    def __init__(self, name: str, problems: list[str] | tuple[str, ...]) -> None:
        self.name = name
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{name} has {len(self.problems)} problem(s):\n{listed}")

    def __reduce__(self) -> tuple[type["EnvCheckError"], tuple[str, tuple[str, ...]]]:
        return (type(self), (self.name, self.problems))


def check_env(env: gymnasium.Env[Any, Any], seed: int = 0, episodes: int = 3) -> None:
    """Check an environment of this package: one of ours, or one of a task of yours.

    It runs Gymnasium's own checker, whose warnings count as problems, and then plays random valid decisions
    to check that

    - observations are elements of their space with exactly its types, and info has its keys;
    - every action that the mask permits is a valid decision;
    - bad actions of any kind are answered with problems and end the episode with reward 0, and never raise;
    - costs and tokens of the outcome are the sums over its trace to the last unit, at the pool's prices;
    - a fork at any decision has the same future, another one with a new seed, and leaves its origin alone;
    - the same seed and actions give the same observations, rewards and info in another process;
    - nothing of an item's hidden truth shows before the system runs;
    - the tasks keep the promises of `mas2_env.Task`.

    Args:
        env: as `gymnasium.make` gives it.
        seed: of the first episode.
        episodes: number of episodes to play.

    Raises:
        EnvCheckError: with everything that is wrong.
        TypeError: if `env` is not made of `mas2_env.envs.base.EpisodeEnv`.
    """
    inner = env.unwrapped
    if not isinstance(inner, EpisodeEnv):
        raise TypeError(f"env is {env!r}, expected an environment made of mas2_env.envs.base.EpisodeEnv")
    problems: list[str] = []
    recorded: list[list[Any]] = []
    _collect(problems, "Gymnasium's checker", lambda: _gymnasium_problems(inner))
    for task in inner.tasks:
        _collect(problems, f"the check of task {task.name}", lambda task=task: task_problems(task))  # type: ignore[misc]
    if not isinstance(inner.action_space, DecisionSpace | Prose):
        problems.append(f"the action space is {inner.action_space}, expected a DecisionSpace or a Prose")
    else:
        for number in range(seed, seed + episodes):
            actions: list[Any] = []
            recorded.append(actions)
            _collect(problems, "an episode", lambda n=number, a=actions: play_problems(inner, n, a))  # type: ignore[misc]
            _collect(problems, "the search for leaks", lambda n=number: leak_problems(inner, n))  # type: ignore[misc]
        _collect(problems, "bad actions", lambda: bad_action_problems(inner, seed))
        if recorded and inner.spec is not None:
            _collect(problems, "another process", lambda: _process_problems(inner, seed, recorded[0]))
    if problems:
        name = inner.spec.id if inner.spec is not None else repr(inner)
        raise EnvCheckError(name, list(dict.fromkeys(problems)))


def _collect(problems: list[str], what: str, check: Callable[[], Iterator[str]]) -> None:
    """Add what a check finds; that it cannot be finished is a problem too."""
    try:
        for problem in check():
            problems.append(problem)
    except Exception as error:
        problems.append(f"{what} could not be finished: {type(error).__name__}: {str(error)[:500]}")


def _gymnasium_problems(env: AnyEnv) -> Iterator[str]:
    if env.spec is None:
        yield "the environment has no spec: make it with gymnasium.make, so that it can be made again"
        return
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            check_gymnasium(env)
        except Exception as error:
            yield f"Gymnasium's checker: {type(error).__name__}: {str(error)[:500]}"
    for warning in caught:
        yield f"Gymnasium's checker warns: {warning.message}"


def _process_problems(env: AnyEnv, seed: int, actions: list[Any]) -> Iterator[str]:
    spec = env.spec
    assert spec is not None
    with redirect_stdout(io.StringIO()):
        here = transcript(spec, seed, actions)
        again = transcript(spec, seed, actions)
    yield from _differences(here, again, "made again")
    try:
        text = spec.to_json()
        if EnvSpec.from_json(text).to_json() != text:
            yield "the spec is another one after a trip through JSON"
    except ValueError as error:
        yield f"the spec cannot be written as JSON: {error}"
        return
    order = json.dumps({"spec": text, "seed": seed, "actions": actions})
    code = "from mas2_env.envs.transcript import main; main()"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=order,
        capture_output=True,
        text=True,
        timeout=_WAIT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "random"},
        check=False,
    )
    if done.returncode:
        yield f"the environment does not run in another process: {done.stderr.strip()[-500:]}"
        return
    yield from _differences(here, json.loads(done.stdout), "in another process")


def _differences(here: list[dict[str, str]], there: list[dict[str, str]], where: str) -> Iterator[str]:
    if len(here) != len(there):
        yield f"{where}: the episode has {len(there) - 1} steps, expected {len(here) - 1}"
    for step, (mine, theirs) in enumerate(zip(here, there, strict=False)):
        parts = [part for part in {**mine, **theirs} if mine.get(part) != theirs.get(part)]
        if parts:
            yield f"{where}: step {step} differs in {', '.join(parts)} for the same seed and actions"
            return
