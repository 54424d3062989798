"""Nothing that a policy sends raises out of `step`: valid decisions, damaged a little, at every stage."""

import json
import math
import pickle
from copy import deepcopy
from typing import Any

import gymnasium
import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mas2_env.envs.array import ArrayEnv
from mas2_env.envs.layout import SIZES
from mas2_env.envs.text import TextEnv
from mas2_env.execution.operation import Failure, Reply
from mas2_env.execution.trace import Performed
from mas2_env.pool import load_pool

SMALL, LARGE = load_pool().names[0], load_pool().names[-1]
GENERATE: list[Any] = [
    {"roles": [{"name": "a"}], "output": "a"},
    {
        "roles": [
            {"name": "a", "kind": "code", "prompt": "Think.", "tools": ["calculator"], "copies": 2},
            {"name": "b"},
            {"name": "r", "kind": "rank"},
            {"name": "v", "kind": "vote"},
        ],
        "channels": [
            {"type": "debate", "roles": ["a", "b"], "rounds": 2, "quorum": 0.5, "ranker": "r", "keep": 2},
            {"type": "vote", "sources": ["a", "b"], "target": "v"},
        ],
        "output": "v",
    },
    {
        "roles": [{"name": "a", "kind": "route"}, {"name": "b"}, {"name": "c"}, {"name": "d"}],
        "channels": [
            {"type": "route", "source": "a", "targets": ["b", "c"], "choose": 1},
            {"type": "critique", "author": "b", "reviewer": "d", "revisions": 2},
            {"type": "send", "source": "c", "target": "d"},
        ],
        "output": "b",
    },
]
IMPLEMENT: list[Any] = [{"backbones": dict.fromkeys("abcd", SMALL)}, {"backbones": {"a": LARGE}}]
RECTIFY: list[Any] = [
    {"edits": []},
    {"edits": [{"type": "retry", "turn": "a#0@0"}]},
    {"edits": [{"type": "skip", "turn": "a#0@0"}, {"type": "reassign", "role": "a", "backbone": LARGE}]},
    {
        "edits": [
            {"type": "add_role", "role": {"name": "e"}, "backbone": SMALL, "at": 0},
            {"type": "add_channel", "channel": {"type": "send", "source": "e", "target": "a"}, "at": 0},
            {"type": "change_role", "role": "a", "prompt": "Again.", "copies": 1, "tools": []},
            {"type": "set_output", "role": "a"},
        ]
    },
    {"edits": [{"type": "remove_role", "role": "a"}]},
    {
        "edits": [
            {
                "type": "rebuild",
                "system": {
                    "template": {"roles": [{"name": "z"}], "output": "z"},
                    "assignment": {"backbones": {"z": SMALL}},
                },
            }
        ]
    },
]
WORDS = [
    *(None, True, 0, -1, 65, 10**30, 0.5, 1e300, math.inf, math.nan, "", "a", "b", "z", SMALL, "vote"),
    "solve",
    *("a#0@1", "A" * 41, "\0", "\ud800", "\N{PILE OF POO}", "x" * 5000, [], {}, ["a"], [[]], {"a": "b"}),
    *([{"name": "a"}] * 13, [{"name": "a", "copies": 8}]),
]  # fmt: skip


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a JSON value something stands."""
    found = [here] if here else []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += places(value[key], (*here, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, whole: list[Any]) -> str:
    """The JSON of a decision in which some things were replaced, left out or doubled, and perhaps letters."""
    value = deepcopy(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 3))):
        spots = places(value)
        if not spots:
            break
        *way, last = draw(st.sampled_from(spots))
        parent = value
        for key in way:
            parent = parent[key]
        match draw(st.sampled_from(["put", "drop", "double", "stray"])):
            case "put":
                parent[last] = deepcopy(draw(st.sampled_from(WORDS)))
            case "drop":
                del parent[last]
            case "double" if isinstance(parent, list):
                parent.append(parent[last])
            case _ if isinstance(parent, dict):
                parent[draw(st.sampled_from(["name", "kind", "role", "output", "stray"]))] = parent[last]
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        junk = draw(st.text(alphabet="{}[]\",:'`\\/#<>aé\n\0\ud800", max_size=6))
        text = text[:at] + junk + text[at + draw(st.integers(0, 4)) :]
    return draw(st.sampled_from(["{}", "{}", "So:\n```json\n{}\n```", "<think>[{{</think>{}"])).format(text)


class Unsteady:
    """Most calls fail at first; answers name turns, approve, and ask for tools, well and badly."""

    def complete(self, calls):
        return [self.one(call) for call in calls]

    def one(self, call):
        if call.key[0] < 100:
            return Failure("unavailable", "503: {overloaded}", 20, 0)
        said = ("Answer: 4", "Approved.", "b", "\ud800", "", "No, not so.")[call.key[1] % 6]
        return Reply(said, 50 + call.key[2], call.key[3])


@settings(max_examples=200, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99), right=st.integers(0, 3))
def test_damaged_decisions_raise_at_no_stage(data, seed, right):
    env = TextEnv("gsm8k", backend=Unsteady())
    env.reset(seed=seed)
    kinds = {"generate": GENERATE, "implement": IMPLEMENT, "rectify": RECTIFY}
    for _ in range(12):
        stage = env.episode.stage
        whole = kinds[stage]
        if data.draw(st.integers(0, 3)) < right:
            action = json.dumps(data.draw(st.sampled_from(whole)))
        else:
            action = data.draw(damaged(data.draw(st.sampled_from([whole, *kinds.values()]))))
        before = env.episode.fork()
        result = env.step(action)
        if check(env, before, stage, result):
            break


NUMBERS = st.one_of(
    st.tuples(*[st.integers(0, size - 1) for size in SIZES]).map(np.array),
    st.tuples(*[st.integers(-1, size) for size in SIZES]).map(list),
    st.sampled_from(
        [None, "0", [], np.full(len(SIZES), np.nan), np.zeros((2, len(SIZES)), int), [2**70] * len(SIZES)]
    ),
    st.lists(st.floats() | st.booleans() | st.none(), min_size=len(SIZES), max_size=len(SIZES)),
)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99), right=st.integers(0, 3))
def test_damaged_arrays_raise_at_no_stage(data, seed, right):
    env = ArrayEnv("gsm8k", backend=Unsteady())
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    for _ in range(12):
        stage, before = env.episode.stage, env.episode.fork()
        masked = data.draw(st.integers(0, 3)) < right
        action = env.action_space.sample(info["action_mask"]) if masked else data.draw(NUMBERS)
        result = env.step(action)
        info = result[-1]
        assert not (masked and info["problems"])
        if check(env, before, stage, result):
            break


def check(env: Any, before: Any, stage: str, result: Any) -> bool:
    """What holds after any action. Whether the episode has ended."""
    observation, reward, terminated, truncated, info = result
    episode = env.episode
    assert observation in env.observation_space
    assert not truncated, "nothing that a policy does is a fault of infrastructure"
    assert ("outcome" in info) is terminated is (episode.outcome is not None)
    assert reward == 0.0 or info["outcome"] == "success"
    if info["problems"]:
        assert info["stage"] == stage, "an invalid decision leaves the stage as it is"
        assert episode.spent == before.spent, "and costs no call"
        assert all("\n" not in problem for problem in info["problems"])
    events = [json.loads(line) for line in episode.trace_lines()]
    assert len(events) == len(episode.trace) + 1, "every line is JSON, the first one the head"
    spent = sum(event.cost for event in episode.trace if isinstance(event, Performed))
    assert spent == episode.spent, "the ledger is the sum over the trace"
    twin = pickle.loads(pickle.dumps(episode))
    assert msgspec.json.encode(twin.outcome) == msgspec.json.encode(episode.outcome)
    return bool(terminated)


def test_the_environments_stay_usable_after_everything():
    env = gymnasium.make("mas2/GSM8K-v0")
    for action in ("{" * 90_000, "[" * 90_000, "x" * 10_000_000, "\\" * 90_000, '{"a":' * 18_000):
        env.reset(seed=0)
        assert env.step(action)[-1]["problems"]
    env.reset(seed=0)
    assert env.step(json.dumps(GENERATE[0]))[0]["stage"] == 1
