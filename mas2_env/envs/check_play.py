"""Checks that play: problems of an environment's episodes, in words."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from mas2_env.envs.array import ActionCodec
from mas2_env.envs.base import EpisodeEnv
from mas2_env.envs.check_task import hidden_strings
from mas2_env.envs.spaces import DecisionSpace, Prose
from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision
from mas2_env.execution.drive import run_sync
from mas2_env.execution.operation import ModelCall, ToolOutput
from mas2_env.execution.trace import Decided, Performed, Rejected
from mas2_env.observation import Observation
from mas2_env.reward import Outcome, reward
from mas2_env.system.model import Rectification
from mas2_env.task import Truth

AnyEnv = EpisodeEnv[Any, Any]

_SAMPLES = 16
_BEFORE_END = ("task", "item", "seed", "stage", "problems")
_CANARY = "canary: this text is hidden"


class Player:
    """Plays valid random decisions through either face.

    Args:
        env: the environment, unwrapped.
        seed: of the decisions.
    """

    def __init__(self, env: AnyEnv, seed: int) -> None:
        self.env = env
        self.codec = ActionCodec()
        self.codec.space.seed(seed)
        self.array = isinstance(env.action_space, DecisionSpace)

    def act(self) -> Any:
        """A random valid action for what the environment shows: an array, or JSON."""
        shown = self.env.shown
        assert shown is not None
        action = self.codec.space.sample(self.codec.mask(shown))
        if self.array:
            return action
        return msgspec.json.encode(self.codec.decode(action, shown)).decode()


def play_problems(env: AnyEnv, seed: int, actions: list[Any]) -> Iterator[str]:
    """Play one episode and say what is wrong with it. Fills `actions` with what was done."""
    player = Player(env, seed)
    observation, info = env.reset(seed=seed)
    forks: list[tuple[int, Episode]] = []
    yield from _transition_problems(env, observation, info, "reset")
    while True:
        episode, shown = env.episode, env.shown
        assert episode is not None
        if shown is None:
            yield f"{info['stage']}: the episode shows nothing though it has not ended"
            return
        yield from _mask_problems(player, episode, shown)
        forks.append((len(actions), episode.fork()))
        action = player.act()
        actions.append(action.tolist() if isinstance(action, np.ndarray) else action)
        observation, gain, terminated, truncated, info = env.step(action)
        where = f"step {len(actions)} ({shown.stage})"
        yield from _transition_problems(env, observation, info, where)
        if info["problems"] or info.get("invalid"):
            yield f"{where}: a masked random decision was invalid: {'; '.join(info['problems'])}"
        for name, flag in (("terminated", terminated), ("truncated", truncated)):
            if type(flag) is not bool:
                yield f"{where}: `{name}` is of type {type(flag).__name__}, expected bool"
        outcome = episode.outcome
        if outcome is None:
            if gain != 0.0 or terminated or truncated:
                yield f"{where}: reward {gain}, terminated {terminated}, truncated {truncated} before the end"
            continue
        yield from _end_problems(env, episode, outcome, gain, (terminated, truncated), info)
        yield from _fork_problems(env, episode, forks)
        return


def _transition_problems(env: AnyEnv, observation: Any, info: Any, where: str) -> Iterator[str]:
    for problem in exact_problems(env.observation_space, observation, "observation"):
        yield f"{where}: {problem}"
    missing = [key for key in _BEFORE_END if key not in info]
    if missing:
        yield f"{where}: info lacks {', '.join(missing)}"
    episode = env.episode
    if episode is not None and (episode.outcome is None) is ("outcome" in info):
        yield f"{where}: info has an outcome exactly when the episode has none"
    if isinstance(env.action_space, DecisionSpace):
        mask, shown = info.get("action_mask"), observation["action_mask"]
        if not isinstance(mask, np.ndarray) or not np.array_equal(mask, shown):
            yield f"{where}: info['action_mask'] and observation['action_mask'] differ"


def exact_problems(space: Space[Any], value: Any, path: str) -> Iterator[str]:
    """How a value fails to be an element of a space with exactly its types, all through."""
    if isinstance(space, Dict):
        if type(value) is not dict or value.keys() != space.spaces.keys():
            yield f"{path} is {type(value).__name__} {list(value)}, expected a dict of {list(space.spaces)}"
            return
        for key, part in space.spaces.items():
            yield from exact_problems(part, value[key], f"{path}[{key!r}]")
    elif isinstance(space, Tuple):
        if type(value) is not tuple or len(value) != len(space.spaces):
            yield f"{path} is {type(value).__name__}, expected a tuple of {len(space.spaces)}"
            return
        for i, part in enumerate(space.spaces):
            yield from exact_problems(part, value[i], f"{path}[{i}]")
    elif isinstance(space, Box | MultiBinary | MultiDiscrete):
        if not isinstance(value, np.ndarray) or value.dtype != space.dtype or value.shape != space.shape:
            given = (
                f"{value.dtype} of {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            )
            yield f"{path} is {given}, expected {space.dtype} of {space.shape}"
        elif not space.contains(value):
            yield f"{path} is not in {space}: it has entries outside the bounds, or NaN"
    elif isinstance(space, Discrete):
        if not isinstance(value, int | np.int64) or isinstance(value, bool) or not space.contains(value):
            yield f"{path} is {value!r}, expected an int in {space}"
    elif isinstance(space, Prose):
        if type(value) is not str or not space.contains(value):
            yield f"{path} is {type(value).__name__}, expected a str of at most {space.max_length} characters"
    elif not space.contains(value):
        yield f"{path} is not in {space}"


def _mask_problems(player: Player, episode: Episode, shown: Observation) -> Iterator[str]:
    codec = player.codec
    mask = codec.mask(shown)
    if player.array and not np.array_equal(mask, player.env.action_masks()):  # type: ignore[attr-defined]
        yield f"{shown.stage}: action_masks() differs from the mask of the observation"
    for _ in range(_SAMPLES):
        action = codec.space.sample(mask)
        try:
            episode.fork().decide(codec.decode(action, shown))
        except InvalidDecision as error:
            chosen = codec.explain(action, shown.stage)
            yield f"{shown.stage}: the permitted action {chosen} is invalid: {error}"
            return


def _end_problems(
    env: AnyEnv,
    episode: Episode,
    outcome: Outcome,
    gain: float,
    flags: tuple[bool, bool],
    info: Mapping[str, Any],
) -> Iterator[str]:
    void = outcome.kind == "void"
    if flags != (not void, void):
        yield f"end: terminated, truncated are {flags} for an outcome of kind {outcome.kind}"
    if info.get("outcome") != outcome.kind:
        yield f"end: info['outcome'] is {info.get('outcome')!r}, expected {outcome.kind!r}"
    performed = [event for event in episode.trace if isinstance(event, Performed)]
    decided = [event for event in episode.trace if isinstance(event, Decided | Rejected)]
    sums = {
        "cost": sum(event.cost for event in performed),
        "meta_cost": sum(event.cost for event in decided),
        "prompt_tokens": sum(getattr(event.result, "prompt_tokens", 0) for event in performed),
        "completion_tokens": sum(getattr(event.result, "completion_tokens", 0) for event in performed),
    }
    for field, total in sums.items():
        if getattr(outcome, field) != total:
            yield f"ledger: outcome.{field} is {getattr(outcome, field)}, but its trace adds up to {total}"
    priced = sum([_price(env, event) for event in performed])
    if outcome.cost != priced:
        yield f"ledger: outcome.cost is {outcome.cost}, but the tokens at the pool's prices cost {priced}"
    settings = episode.settings
    total = outcome.cost + (outcome.meta_cost if settings.count_meta else 0)
    due = reward(settings.reward, outcome.kind == "success", outcome.score, total, outcome.reference_cost)
    if not void and (outcome.reward != due or gain != due):
        yield f"reward: step gave {gain} and the outcome says {outcome.reward}, expected {due}"
    if void and not math.isnan(gain):
        yield f"reward: a void episode gave {gain}, expected NaN"


def _price(env: AnyEnv, event: Performed) -> int:
    operation, result = event.operation, event.result
    if not isinstance(operation, ModelCall) or isinstance(result, ToolOutput):
        return 0
    return env.pool[operation.backbone].cost(result.prompt_tokens, result.completion_tokens)


def _fork_problems(env: AnyEnv, episode: Episode, forks: list[tuple[int, Episode]]) -> Iterator[str]:
    """Forks at every decision: the same future without a new seed, another one with it."""
    decided = [event for event in episode.trace if isinstance(event, Decided)]
    lines = list(episode.trace_lines())
    for index, fork in forks:
        past, stage = len(fork.trace), fork.stage
        again, other = fork.fork(), fork.fork(episode.seed + 1)
        try:
            for event in decided[index:]:
                again.decide(event.decision, event.usage)
                run_sync(again, env.backend)
        except (InvalidDecision, ValueError) as error:
            yield f"fork at decision {index + 1} ({stage}): the same decisions cannot be taken again: {error}"
            return
        if again.outcome != episode.outcome or list(again.trace_lines()) != lines:
            yield f"fork at decision {index + 1} ({stage}): the same decisions lead to another episode"
        keys = _keys(episode, past)
        _finish(env, other, [event.decision for event in decided[index:]])
        if len(fork.trace) != past or fork.stage != stage:
            yield f"fork at decision {index + 1} ({stage}): running a fork changed what it was forked from"
        if keys & _keys(other, past):
            yield f"fork at decision {index + 1} ({stage}): a new seed leaves draws as they were"


def _finish(env: AnyEnv, episode: Episode, decisions: list[Any]) -> None:
    """Run an episode to its end, with these decisions as long as they fit and empty rectifications after."""
    for decision in decisions:
        if episode.outcome is not None:
            return
        fits = episode.stage != "rectify" or isinstance(decision, Rectification)
        try:
            episode.fork().decide(decision if fits else Rectification())
        except InvalidDecision:
            decision = Rectification()
        episode.decide(decision if fits else Rectification())
        run_sync(episode, env.backend)
    while episode.outcome is None:
        episode.decide(Rectification())
        run_sync(episode, env.backend)


def _keys(episode: Episode, since: int) -> set[bytes]:
    return {event.operation.key for event in episode.trace[since:] if isinstance(event, Performed)}  # type: ignore[union-attr]


def leak_problems(env: AnyEnv, seed: int) -> Iterator[str]:
    """Whether anything hidden shows before the system runs.

    Two looks: observations and info must stay what they are when the item's truth is swapped for another; and
    no longer text of the truth may stand in them outside the query.
    """
    env.reset(seed=seed)
    episode = env.episode
    assert episode is not None
    item = episode.item
    swapped = msgspec.structs.replace(
        item, truth=Truth(_CANARY, (_CANARY + "!",), 9.0, 7, (_CANARY,), (_CANARY,), {"canary": _CANARY})
    )
    player = Player(env, seed)
    seen: list[list[Any]] = []
    actions: list[Any] = []
    for one in (item, swapped):
        shown = [env.begin(one, episode.seed)]
        if not actions:
            actions.append(player.act())
        observation, _, _, _, info = env.step(actions[0])
        shown.append((observation, info))
        seen.append(shown)
    for stage, true, false in zip(("generate", "implement"), *seen, strict=True):
        for place in _differences(true, false, "(observation, info)"):
            yield f"leak at {stage}: {place} changes with the item's hidden truth"
        texts = list(_texts(true))
        for hidden in hidden_strings(item):
            if any(hidden in text.replace(item.query, "") for text in texts):
                yield f"leak at {stage}: {hidden[:60]!r} of the item's truth is shown"


def _differences(a: Any, b: Any, path: str) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            yield from _differences(a[key], b[key], f"{path}[{key!r}]")
    elif isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differences(x, y, f"{path}[{i}]")
    elif isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if not np.array_equal(a, b):
            yield path
    elif type(a) is not type(b) or a != b:
        yield path


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value.startswith("{"):
            try:
                yield from _texts(msgspec.json.decode(value))
            except msgspec.DecodeError:
                return
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def bad_action_problems(env: AnyEnv, seed: int) -> Iterator[str]:
    """Whether anything that is no decision raises out of `step`, or passes for one."""
    bad: list[Any] = [
        None, 3, 2.5, b"{}", "", "no decision", "{" * 5000, '{"roles": []}', {}, [], ["x"], object(),
        np.full(7, np.nan), np.full(env.action_space.shape or (3,), np.nan), np.array("x"), "x" * 200_000,
    ]  # fmt: skip
    for action in bad:
        name = f"{type(action).__name__} {str(action)[:20]!r}"
        env.reset(seed=seed)
        assert env.episode is not None
        forgiven = env.episode.settings.max_invalid
        for attempt in range(forgiven + 1):
            try:
                _, gain, terminated, _, info = env.step(action)
            except Exception as error:
                yield f"step raised {type(error).__name__} for the action {name}: {str(error)[:200]}"
                break
            if terminated is not (attempt == forgiven):
                yield f"the bad action {name} gave terminated={terminated} at attempt {attempt + 1}"
                break
            if gain != 0.0 or not (terminated or info["problems"]):
                yield f"the bad action {name} gave reward {gain} and the problems {info['problems']}"
                break
