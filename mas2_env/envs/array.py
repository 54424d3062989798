"""The array face: observations are numbers, actions a `MultiDiscrete` with a mask, for masked PPO.

Observation, a `Dict`:

| field | space | content |
| --- | --- | --- |
| `observation` | `Box(0, 1, (SIZE,), float32)` | features, see `mas2_env.envs.encode` |
| `action_mask` | `MultiBinary(MASK_SIZE)` | which values each dimension may take now |

Action, a `DecisionSpace` (a `MultiDiscrete`): one dimension for every choice of every stage, see
`mas2_env.envs.layout`. The mask is also in `info["action_mask"]`; `action_masks()` gives it to sb3-contrib.
Every combination of permitted values is a valid decision. Dimensions of other stages are ignored.

Nothing is charged for deciding: an array policy spends no tokens.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Dict, MultiBinary
from numpy.typing import NDArray

from mas2_env.envs.base import EpisodeEnv
from mas2_env.envs.decode_edits import decode_rectification, possible_operations, speakers
from mas2_env.envs.decode_template import decode_template
from mas2_env.envs.encode import SIZE, encode, encode_end
from mas2_env.envs.layout import (
    COPIES,
    DEBATE,
    INDEX,
    KINDS,
    LAST,
    MASK_SIZE,
    NAMES,
    OFFSETS,
    PARALLEL,
    PARTS,
    POOL,
    ROUNDS,
    SIZES,
    SLOTS,
    STAGE_OF,
    STYLES,
    closed_mask,
    permit,
)
from mas2_env.envs.spaces import DecisionSpace
from mas2_env.episode import Episode
from mas2_env.errors import InvalidDecision
from mas2_env.observation import Observation
from mas2_env.system.model import Assignment, Decision, Limits

ArrayObservation: TypeAlias = dict[str, Any]
ArrayAction: TypeAlias = NDArray[np.int64]


class ActionCodec:
    """Between array actions and decisions.

    It can also be used without the environment, by a policy of arrays that answers observations.

    Attributes:
        space: the space of actions.
    """

    def __init__(self) -> None:
        self.space = DecisionSpace(SIZES)

    def mask(self, observation: Observation | None) -> NDArray[np.int8]:
        """Which values may be chosen: int8 of shape (MASK_SIZE,), the dimensions one after another.

        Every dimension has at least one permitted value; what does not matter now is held at 0, and so is
        everything at the end (None).
        """
        if observation is None:
            return closed_mask()
        if observation.stage == "generate":
            return _template_mask(observation.limits, len(observation.tools)).copy()
        mask = closed_mask()
        if observation.stage == "implement":
            assert observation.template is not None
            backbones = range(min(POOL, len(observation.backbones)))
            for part in range(min(PARTS, len(speakers(observation.template)))):
                permit(mask, f"backbone[{part}]", backbones)
        else:
            assert observation.template is not None
            permit(mask, "operation", possible_operations(observation))
            permit(mask, "target", range(min(PARTS, len(speakers(observation.template)))))
            permit(mask, "replacement", range(min(POOL, len(observation.backbones))))
        return mask

    def decode(
        self, action: object, observation: Observation, mask: NDArray[np.int8] | None = None
    ) -> Decision:
        """The decision that an action stands for at an observation.

        Args:
            action: integers of shape (number of dimensions,), an array or a sequence.
            observation: what is to be decided.
            mask: the observation's mask, if it is at hand.

        Raises:
            InvalidDecision: if the action is not an element of the space, or chooses a value that the mask
                forbids in a dimension that the stage reads.
        """
        values = _values(action)
        _check(values, observation.stage, self.mask(observation) if mask is None else mask)

        def value(name: str) -> int:
            return values[INDEX[name]]

        if observation.stage == "generate":
            tools = tuple([tool.name for tool in observation.tools])
            return decode_template(value, tools, observation.limits)
        if observation.stage == "implement":
            assert observation.template is not None
            roles = speakers(observation.template)
            names = [backbone.name for backbone in observation.backbones]
            return Assignment({r.name: names[value(f"backbone[{i % PARTS}]")] for i, r in enumerate(roles)})
        return decode_rectification(observation, value("operation"), value("target"), value("replacement"))

    def explain(self, action: object, stage: str) -> dict[str, int]:
        """The values of an action in the dimensions that a stage reads, by name.

        Raises:
            InvalidDecision: if the action is not an element of the space.
        """
        values = _values(action)
        return {name: values[i] for i, name in enumerate(NAMES) if STAGE_OF[i] == stage}

    def action(self, values: Mapping[str, int]) -> ArrayAction:
        """The action with these values by name, and 0 elsewhere.

        Raises:
            KeyError: if there is no such dimension.
        """
        action = np.zeros(len(SIZES), dtype=np.int64)
        for name, value in values.items():
            action[INDEX[name]] = value
        return action


class ArrayEnv(EpisodeEnv[ArrayObservation, ArrayAction]):
    """One item from query to outcome, through arrays.

    Args:
        **arguments: as for `EpisodeEnv`.
    """

    def __init__(self, task: Any = None, **arguments: Any) -> None:
        super().__init__(task, **arguments)
        self.codec = ActionCodec()
        self._mask = self.codec.mask(None)
        self.observation_space = Dict(
            {"observation": Box(0.0, 1.0, (SIZE,), np.float32), "action_mask": MultiBinary(MASK_SIZE)}
        )
        self.action_space = self.codec.space

    def action_masks(self) -> NDArray[np.bool_]:
        """The present mask, as sb3-contrib's `MaskablePPO` asks for it: bool of shape (MASK_SIZE,)."""
        return self._mask.astype(np.bool_)

    def _decide(self, episode: Episode, action: Any) -> None:
        assert self.shown is not None
        try:
            decision = self.codec.decode(action, self.shown, self._mask)
        except InvalidDecision as error:
            episode.reject(error.problems)
            return
        episode.decide(decision)

    def _face(self) -> ArrayObservation:
        shown = self.shown
        self._mask = self.codec.mask(shown)
        return {
            "observation": encode_end() if shown is None else encode(shown),
            "action_mask": self._mask.copy(),
        }

    def _info(self) -> dict[str, Any]:
        return super()._info() | {"action_mask": self._mask.copy()}


@lru_cache(maxsize=64)
def _template_mask(limits: Limits, tools: int) -> NDArray[np.int8]:
    mask = closed_mask()
    slots = min(SLOTS, max(1, limits.max_roles))
    granted = [0, *([1] if tools else []), *(range(2, 2 + min(tools, 3)) if tools > 1 else [])]
    for slot in range(slots):
        permit(mask, f"kind[{slot}]", range(0 if slot else 1, len(KINDS)))
        permit(mask, f"relation[{slot}]", range(5) if slot else (PARALLEL, DEBATE))
        permit(mask, f"copies[{slot}]", range(max(1, min(COPIES, limits.max_copies))))
        permit(mask, f"tools[{slot}]", granted)
        permit(mask, f"style[{slot}]", range(len(STYLES)))
    most = max(limits.max_rounds, limits.max_revisions)
    permit(mask, "rounds", range(max(1, min(ROUNDS, most))))
    permit(mask, "aggregation", range(4) if limits.max_roles > 1 else (LAST,))
    return mask


def _values(action: object) -> list[int]:
    """An action as a list of ints. Raises `InvalidDecision` if it is not an element of the space."""
    expected = f"expected {len(SIZES)} integers"
    if not isinstance(action, np.ndarray | list | tuple):
        raise InvalidDecision([f"$: the action is of type {type(action).__name__}, {expected}"])
    try:
        array = np.asarray(action)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidDecision([f"$: the action is no array: {error}; {expected}"]) from None
    if array.shape != (len(SIZES),):
        raise InvalidDecision([f"$: the action has the shape {array.shape}, {expected}"])
    if array.dtype.kind not in "iu":
        raise InvalidDecision([f"$: the action is of dtype {array.dtype}, {expected}"])
    values: list[int] = array.tolist()
    faults = [
        f"$[{i}]: {name} is {value}, expected 0 to {size - 1}"
        for i, (name, size, value) in enumerate(zip(NAMES, SIZES, values, strict=True))
        if not 0 <= value < size
    ]
    if faults:
        raise InvalidDecision(faults)
    return values


def _check(values: list[int], stage: str, mask: NDArray[np.int8]) -> None:
    """Raise `InvalidDecision` if the stage reads a dimension whose value the mask forbids."""
    chosen = mask[np.add(OFFSETS, values)]
    if chosen.all():
        return
    faults = []
    for i in np.flatnonzero(chosen == 0):
        if STAGE_OF[i] == stage:
            at = OFFSETS[i]
            allowed = np.flatnonzero(mask[at : at + SIZES[i]]).tolist()
            faults.append(f"$[{i}]: {NAMES[i]} is {values[i]}, which is masked now; permitted are {allowed}")
    if faults:
        raise InvalidDecision(faults)
