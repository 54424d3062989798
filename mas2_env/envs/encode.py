"""An observation as a vector: float32 of shape (SIZE,), every entry in [0, 1].

In this order (`PLACES` has the slices):

- `stage`, 4: one-hot of generate, implement, rectify, done;
- `task`, 16: bits of a hash of the task's name;
- `query`, 70: see `encode_query`;
- `episode`, 9: budget, tools, roles and turns allowed, whether the last action was invalid, how many more may
  be, rectifications left, backbones, tool calls that a turn may make;
- `pool`, 16 × 4: for each backbone: present, input price, output price, context;
- `roles`, 6 × 20: for each of the first six roles: kind (one-hot of 12), present, copies, tools, step by
  step, output, in a debate, reviewed, reviews;
- `template`, 5: roles, channels, rounds, revisions, turns;
- `assignment`, 6 × 3: for each of those roles: assigned, place of its backbone in the pool, output price;
- `progress`, 6 × 3: for each of those roles: share of its turns done, failed, waiting;
- `state`, 21: see `_state`.

Prices, contexts and counts are on a log scale. A value that would pass 1 is 1. At the end of an episode all
but the stage is 0. The same observation gives the same vector in any process.
"""

from functools import lru_cache
from hashlib import blake2b
from math import log2
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from mas2_env.envs.encode_query import QUERY_SIZE, encode_query
from mas2_env.envs.layout import PARTS, POOL
from mas2_env.execution.operation import FailureKind
from mas2_env.observation import BackboneView, ExecutionView, Observation
from mas2_env.system.model import Critique, Debate, RoleKind, Template
from mas2_env.system.structure import count_turns

Vector = NDArray[np.float32]

_KINDS: Final = {kind: i for i, kind in enumerate(get_args(RoleKind))}
_FAILURES: Final = {kind: i for i, kind in enumerate(get_args(FailureKind))}
_STAGES: Final = {"generate": 0, "implement": 1, "rectify": 2, "done": 3}

_TASK_BITS: Final = 16
_EPISODE: Final = 9
_BACKBONE: Final = 4
_ROLE: Final = 20
_TEMPLATE: Final = 5
_STATE: Final = 21

_BLOCKS: Final = (
    ("stage", 4),
    ("task", _TASK_BITS),
    ("query", QUERY_SIZE),
    ("episode", _EPISODE),
    ("pool", POOL * _BACKBONE),
    ("roles", PARTS * _ROLE),
    ("template", _TEMPLATE),
    ("assignment", PARTS * 3),
    ("progress", PARTS * 3),
    ("state", _STATE),
)


def _places() -> dict[str, slice]:
    places, at = {}, 0
    for name, size in _BLOCKS:
        places[name] = slice(at, at + size)
        at += size
    return places


PLACES: Final = _places()
"""Where each block stands in the vector."""

SIZE: Final = sum(size for _, size in _BLOCKS)


def encode(observation: Observation) -> Vector:
    """The vector of an observation."""
    template = observation.template
    parts: list[float] = [0.0] * 4
    parts[_STAGES[observation.stage]] = 1.0
    parts += _task(observation.task)
    parts += encode_query(observation.query)
    parts += _episode(observation)
    parts += _pool(observation.backbones)
    if template is None:
        parts += [0.0] * (SIZE - len(parts))
    else:
        parts += _roles(template)
        parts += _assignment(observation, template)
        if observation.execution is None:
            parts += [0.0] * (SIZE - len(parts))
        else:
            parts += _progress(observation.execution, template)
            parts += _state(observation.execution, observation.budget)
    return np.array(parts, dtype=np.float32)


def encode_end() -> Vector:
    """The vector of the end of an episode."""
    vector = np.zeros(SIZE, dtype=np.float32)
    vector[_STAGES["done"]] = 1.0
    return vector


def _log(value: float, most: float) -> float:
    """log(1 + value) / log(1 + most), at most 1."""
    return min(1.0, log2(1.0 + value) / log2(1.0 + most))


@lru_cache(maxsize=64)
def _task(name: str) -> tuple[float, ...]:
    digest = int.from_bytes(blake2b(name.encode(errors="surrogatepass"), digest_size=2).digest(), "big")
    return tuple([float(digest >> bit & 1) for bit in range(_TASK_BITS)])


def _episode(observation: Observation) -> list[float]:
    limits = observation.limits
    return [
        _log(observation.budget / max(1, observation.reference_cost), 100),
        min(1.0, len(observation.tools) / 8),
        _log(limits.max_roles, 32),
        _log(limits.max_turns, 512),
        float(bool(observation.problems)),
        min(1.0, max(0, observation.invalid_left) / 4),
        min(1.0, max(0, observation.rectifications_left) / 4),
        min(1.0, len(observation.backbones) / POOL),
        _log(observation.max_tool_steps, 64),
    ]


@lru_cache(maxsize=16)
def _pool(backbones: tuple[BackboneView, ...]) -> tuple[float, ...]:
    parts: list[float] = []
    for backbone in backbones[:POOL]:
        parts += [
            1.0,
            _log(backbone.input_price, 100_000),
            _log(backbone.output_price, 100_000),
            _log(backbone.context, 2_000_000),
        ]
    return tuple(parts + [0.0] * (POOL * _BACKBONE - len(parts)))


@lru_cache(maxsize=4096)
def _roles(template: Template) -> tuple[float, ...]:
    """The blocks `roles` and `template`."""
    debating: set[str] = set()
    reviewed: set[str] = set()
    reviewing: set[str] = set()
    rounds = revisions = 0
    for channel in template.channels:
        if isinstance(channel, Debate):
            debating.update(channel.roles)
            rounds = max(rounds, channel.rounds)
        elif isinstance(channel, Critique):
            reviewed.add(channel.author)
            reviewing.add(channel.reviewer)
            revisions = max(revisions, channel.revisions)
    parts: list[float] = []
    for role in template.roles[:PARTS]:
        kind = [0.0] * len(_KINDS)
        kind[_KINDS[role.kind]] = 1.0
        parts += kind
        parts += [
            1.0,
            min(1.0, role.copies / 8),
            min(1.0, len(role.tools) / 4),
            float("step by step" in role.prompt.lower()),
            float(role.name == template.output),
            float(role.name in debating),
            float(role.name in reviewed),
            float(role.name in reviewing),
        ]
    parts += [0.0] * (PARTS * _ROLE - len(parts))
    return (
        *parts,
        min(1.0, len(template.roles) / 12),
        min(1.0, len(template.channels) / 24),
        min(1.0, rounds / 5),
        min(1.0, revisions / 5),
        _log(count_turns(template), 128),
    )


def _assignment(observation: Observation, template: Template) -> list[float]:
    if observation.assignment is None:
        return [0.0] * (PARTS * 3)
    places = {backbone.name: i for i, backbone in enumerate(observation.backbones)}
    parts: list[float] = []
    for role in template.roles[:PARTS]:
        place = places.get(observation.assignment.backbones.get(role.name, ""))
        if place is None:
            parts += [0.0, 0.0, 0.0]
        else:
            price = observation.backbones[place].output_price
            parts += [1.0, min(1.0, (place + 1) / POOL), _log(price, 100_000)]
    return parts + [0.0] * (PARTS * 3 - len(parts))


def _progress(execution: ExecutionView, template: Template) -> list[float]:
    place = {role.name: i for i, role in enumerate(template.roles[:PARTS])}
    counts = [[0, 0, 0, 0] for _ in range(PARTS)]
    for turn in execution.turns:
        i = place.get(turn.role)
        if i is not None:
            counts[i][_COLUMN[turn.status]] += 1
    return [count[k] / max(1, sum(count)) for count in counts for k in range(3)]


_COLUMN: Final = {"done": 0, "failed": 1, "waiting": 2, "skipped": 3}


def _state(execution: ExecutionView, budget: int) -> list[float]:
    """The state s_t as a whole.

    Trigger (failure, budget); spent as a share of the budget, linear up to 4 budgets and logarithmic; steps;
    shares of turns done, failed, waiting, skipped; number of turns; failures; for each kind of failure
    whether it stands among them; answers given, share of the commonest among them, number of different ones,
    and whether all agree.
    """
    spent = execution.spent / max(1, budget)
    turns = execution.turns
    counts = [0, 0, 0, 0]
    answers: dict[str, int] = {}
    for turn in turns:
        counts[_COLUMN[turn.status]] += 1
        if turn.answer is not None:
            answer = " ".join(turn.answer.lower().split())
            answers[answer] = answers.get(answer, 0) + 1
    kinds = [0.0] * len(_FAILURES)
    for failure in execution.failures:
        kinds[_FAILURES.get(failure.kind, len(_FAILURES) - 1)] = 1.0
    size, given = max(1, len(turns)), sum(answers.values())
    return [
        float("failure" in execution.trigger),
        float("budget" in execution.trigger),
        min(1.0, spent / 4),
        _log(spent, 16),
        _log(execution.step, 64),
        *(count / size for count in counts),
        _log(len(turns), 128),
        _log(len(execution.failures), 32),
        *kinds,
        given / size,
        max(answers.values()) / given if answers else 0.0,
        _log(len(answers), 16),
        float(len(answers) == 1),
    ]
