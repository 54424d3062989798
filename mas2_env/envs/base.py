"""What the Gymnasium faces share: driving an episode, info, rendering.

A face adds no rule of its own. It turns an action into a decision (or says that it is none), lets the episode
carry it out, performs operations until the next decision, and shows what the episode shows.

Info always has

- `task`, `item`: names of the task and of the item;
- `seed`: the episode's seed;
- `stage`: `generate`, `implement`, `rectify`, or `done`;
- `problems`: a tuple of what was wrong with the last action, empty if it was valid.

Once the episode has ended it also has `outcome` (`success`, `failure` or `void`) and every other field of
`mas2_env.Outcome` by name (`reason`, `reward`, `score`, `metrics`, `answer`, `cost`, `cost_ratio` and so on);
`reward` is NaN and `answer` empty where there is none, and `answered` says whether there is an answer.

No clock, no random identifier and nothing of the item's truth is ever in info or an observation.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from gymnasium import Env, logger
from gymnasium.error import ResetNeeded

from mas2_env.backends.base import Backend
from mas2_env.envs.choice import bound_tasks, choose_item, own_options, read_settings
from mas2_env.envs.render import RENDER_FPS, RENDER_MODES, Frame, draw_frame
from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision
from mas2_env.execution.drive import Completer, run_sync
from mas2_env.observation import Observation
from mas2_env.plugins import make_backend, task_options
from mas2_env.pool import Pool, did_you_mean, load_pool
from mas2_env.reward import Outcome
from mas2_env.settings import Settings
from mas2_env.task import Item, SourceName, SplitName, Task

ObsT = TypeVar("ObsT")
ActT = TypeVar("ActT")

STAGES = ("generate", "implement", "rectify", "done")
"""Stages at which an environment rests, in the order in which observations number them."""

_OPTIONS = ("item", "task", "settings")


class EpisodeEnv(Env[ObsT, ActT], ABC, Generic[ObsT, ActT]):
    """Base of the Gymnasium environments: one episode at a time, one decision a step.

    All arguments may be JSON-able data, and are in what is registered; objects are taken as well, but then
    the environment's spec cannot be written as JSON.

    Args:
        task: name of a registered task, or several, of which the seed chooses; None for all that are part of
            this distribution.
        source: where items come from: `procedural`, `file` or `hub`.
        path: the file of source `file`; for several tasks, a file for each by the task's name.
        task_seed: of the procedural generators.
        split: `train`, `validation` or `test`, no item of which is in another one; or `all`.
        pool: a shipped pool's name, or the path of a pool's `.toml` file.
        backend: name of the registered backend that answers model calls, with options in brackets if wanted
            (`simulated[parameters=mine.toml]`), or an object.
        render_mode: `ansi`, `rgb_array`, `human`, or None.
        options: fields of `mas2_env.settings.Settings`: `budget`, `rectifier`, `max_rectifications`,
            `max_invalid`, `max_tool_steps`, `reward`, `count_meta`, `limits`; and the task's own, as in
            `gymnasium.make("mas2/Diagnostic-v0", depth=4)`.

    Attributes:
        episode: the present episode; None before the first reset. Not for policies: it holds the truth.

    Raises:
        PluginError: if a task or the backend is not registered.
        PoolError, DataError: if the pool or the items cannot be read.
        TypeError, ValueError: if another argument is wrong.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
    }

    def __init__(
        self,
        task: str | Task | Sequence[str | Task] | None = None,
        source: SourceName = "procedural",
        path: str | Mapping[str, str] | None = None,
        task_seed: int = 0,
        split: SplitName = "all",
        pool: str | Pool = "default",
        backend: str | Completer = "simulated",
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(
                f"render_mode is {render_mode!r}, expected one of {', '.join(RENDER_MODES)} or None"
                f"{did_you_mean(str(render_mode), RENDER_MODES)}"
            )
        if not isinstance(backend, str) and not callable(getattr(backend, "complete", None)):
            raise TypeError(
                f"backend is {backend!r}, expected the name of a registered backend, or an object that has "
                "complete(calls)"
            )
        self.render_mode = render_mode
        own = own_options(task, options)
        settings = {name: value for name, value in options.items() if name not in own}
        self.settings = read_settings(
            Settings(), settings, task_options(task) if isinstance(task, str) else ()
        )
        self.pool = pool if isinstance(pool, Pool) else load_pool(pool)
        self.tasks = bound_tasks(task, source, path, task_seed, {"split": split, **own})
        self.backend: Completer = make_backend(backend, self.pool) if isinstance(backend, str) else backend
        if isinstance(self.backend, Backend):
            self.backend.prepare()
        self.episode: Episode | None = None
        self.shown: Observation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsT, dict[str, Any]]:
        """Begin another episode.

        Args:
            seed: chooses the item and the episode's seed, and starts the environment's own generator; None
                draws both from that generator.
            options: `item`, an index or an id (`TASK:ID` names the task too), for a certain item; `task`, for
                a certain task of several; `settings`, fields of `Settings` for this episode alone.

        Raises:
            ValueError: if an option is unknown or not of its kind.
            DataError, IndexError: if there is no such item.
        """
        super().reset(seed=seed)
        options = {} if options is None else options
        if not isinstance(options, Mapping):
            raise ValueError(f"options is {options!r}, expected a dict with keys of {', '.join(_OPTIONS)}")
        for key in options:
            if key not in _OPTIONS:
                raise ValueError(
                    f"options has the unknown key {key!r}{did_you_mean(str(key), _OPTIONS) or ';'} "
                    f"known are {', '.join(_OPTIONS)}"
                )
        settings = self.settings
        if options.get("settings") is not None:
            settings = self._accept(read_settings(settings, options["settings"]))
        item = choose_item(self.tasks, self.np_random, options.get("task"), options.get("item"))
        return self.begin(item, int(self.np_random.integers(2**63)), settings)

    def begin(
        self, item: Item, seed: int = 0, settings: Settings | None = None
    ) -> tuple[ObsT, dict[str, Any]]:
        """Begin an episode on any item, which need not be of this environment's tasks.

        Args:
            item: the problem.
            seed: of the episode.
            settings: of the episode; the environment's own by default.
        """
        self.episode = Episode(item, self.pool, self.settings if settings is None else settings, seed)
        self.shown = self.episode.observe()
        observation, info = self._face(), self._info()
        if self.render_mode == "human":
            self.render()
        return observation, info

    def step(self, action: ActT) -> tuple[ObsT, float, bool, bool, dict[str, Any]]:
        """Carry out a decision and run the system until the next one is asked for.

        No action raises: whatever is not a valid decision is answered with the same stage and the problems.

        Returns:
            The observation; the reward, zero until the end and NaN for a void episode; whether the episode
            ended in success or failure; whether it ended void; info.

        Raises:
            ResetNeeded: before the first reset.
        """
        episode = self.episode
        if episode is None:
            raise ResetNeeded("step() was called before reset(): there is no episode yet")
        if episode.outcome is not None:
            logger.warn("step() was called after the episode ended; call reset() to begin another")
            return (
                self._face(),
                0.0,
                episode.outcome.kind != "void",
                episode.outcome.kind == "void",
                self._info(),
            )
        # An invalid decision is on the episode's record; the next observation names its problems.
        with suppress(InvalidDecision):
            self._decide(episode, action)
        run_sync(episode, self.backend)
        outcome = episode.outcome
        self.shown = episode.observe() if outcome is None else None
        observation, info = self._face(), self._info()
        if self.render_mode == "human":
            self.render()
        reward = 0.0
        if outcome is not None:
            reward = float("nan") if outcome.reward is None else float(outcome.reward)
        void = outcome is not None and outcome.kind == "void"
        return observation, reward, outcome is not None and not void, void, info

    def render(self) -> Any:
        """The present system: a string (`ansi`), uint8 of shape (height, width, 3) (`rgb_array`), or None.

        In mode `human` the drawing is printed, at each reset and step.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self.render_mode is None:
            logger.warn(
                "render() was called without a render mode; make the environment with render_mode='ansi'"
            )
            return None
        if self.episode is None:
            raise ResetNeeded("render() was called before reset(): there is no episode yet")
        return draw_frame(self._frame(self.episode), self.render_mode)

    def close(self) -> None:
        """Release what the backend holds, if this environment made it. May be called again."""
        close = getattr(self.backend, "close", None)
        if close is not None:
            close()

    # What a face fills in.

    @abstractmethod
    def _decide(self, episode: Episode, action: Any) -> None:
        """Hand an action to the episode. Raises `InvalidDecision` once that is on the episode's record."""

    @abstractmethod
    def _face(self) -> ObsT:
        """The observation of `self.shown`, or of the end where that is None."""

    def _accept(self, settings: Settings) -> Settings:
        """Settings that this face can show. Raises `ValueError` for others."""
        return settings

    # Shared parts.

    def _info(self) -> dict[str, Any]:
        episode = self.episode
        assert episode is not None
        info: dict[str, Any] = {
            "task": episode.item.task.name,
            "item": episode.item.id,
            "seed": episode.seed,
            "stage": episode.stage,
            "problems": self.shown.problems if self.shown is not None else (),
        }
        if episode.outcome is not None:
            info |= outcome_info(episode.outcome)
        return info

    def _frame(self, episode: Episode) -> Frame:
        view = self.shown.execution if self.shown is not None else None
        return Frame(
            stage=episode.stage,
            task=episode.item.task.name,
            query=episode.item.query,
            template=episode.template,
            assignment=episode.assignment,
            statuses={turn.turn: turn.status for turn in view.turns} if view is not None else {},
            spent=episode.spent,
            budget=episode.budget,
            problems=self.shown.problems if self.shown is not None else (),
            outcome=episode.outcome,
        )


def outcome_info(outcome: Outcome) -> dict[str, Any]:
    """What info says about the end: `outcome` (its kind) and every other field of `Outcome` by name.

    `reward` is NaN where there is none and `answer` the empty string, so that vector environments can put the
    values of several episodes into one array.
    """
    info: dict[str, Any] = msgspec.to_builtins(outcome)
    info["outcome"] = info.pop("kind")
    info["reward"] = float("nan") if outcome.reward is None else float(outcome.reward)
    info["answer"] = outcome.answer or ""
    info["answered"] = outcome.answer is not None
    return info
