"""Observations as vectors: bounded, the same everywhere, and telling apart what differs."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.envs.array import ArrayEnv
from mas2_env.envs.encode import PLACES, SIZE, encode, encode_end
from mas2_env.envs.encode_query import BAG, QUERY_SIZE, encode_query
from mas2_env.episode import Episode
from mas2_env.prompts import parse_json, render_json
from mas2_env.task import ToolSpec


def test_the_blocks_fill_the_vector():
    assert sum(place.stop - place.start for place in PLACES.values()) == SIZE
    assert encode_end()[PLACES["stage"]].tolist() == [0, 0, 0, 1]
    assert encode_end().sum() == 1


def test_every_entry_is_in_its_bounds_at_every_stage(array_env):
    env = array_env(budget=2.0)
    env.action_space.seed(0)
    observation, info = env.reset(seed=0)
    stages = set()
    for _ in range(500):
        vector = observation["observation"]
        assert vector.dtype == np.float32
        assert vector.shape == (SIZE,)
        assert 0.0 <= vector.min() <= vector.max() <= 1.0
        stages.add(int(vector[PLACES["stage"]].argmax()))
        if "outcome" in info:
            observation, info = env.reset()
        else:
            observation, _, _, _, info = env.step(env.action_space.sample(info["action_mask"]))
    assert stages == {0, 1, 2, 3}


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_query_has_features(query):
    features = encode_query(query)
    assert len(features) == QUERY_SIZE
    assert all(0.0 <= feature <= 1.0 for feature in features)


def test_what_the_features_of_a_query_say():
    bag = encode_query("the cat saw the dog")[:BAG]
    assert sorted(bag)[-4:] == pytest.approx([1 / 2, 1 / 2, 1 / 2, 2 / 3])
    assert encode_query("THE CAT saw the dog")[:BAG] == bag
    assert encode_query("12ab")[BAG + 2] == 0.5
    assert encode_query("ABcd")[BAG + 3] == 0.5
    assert encode_query("def f():\n    pass")[BAG + 4] == 0.5
    assert (encode_query("why?")[BAG + 5], encode_query("why")[BAG + 5]) == (1.0, 0.0)


def test_what_differs_in_an_observation_differs_in_its_vector(sums, pool):
    shown = Episode(sums.item(2), pool).observe()
    changes = {
        "task": ("task", "Other"),
        "query": ("query", "Why?"),
        "episode": ("problems", ("$: no",)),
        "pool": ("backbones", shown.backbones[:1]),
    }
    for block, (field, value) in changes.items():
        other = encode(msgspec.structs.replace(shown, **{field: value}))
        assert (other[PLACES[block]] != encode(shown)[PLACES[block]]).any()


def test_every_fact_of_an_episode_that_a_prompt_states_is_in_its_vector(sums, pool):
    """Whoever trains an array policy sees what decides, say, whether work has to be shared."""
    shown = Episode(sums.item(2), pool).observe()
    limits = shown.limits
    changes = {
        "budget": shown.budget * 2,
        "tools": shown.tools * 2 or (ToolSpec("search", "", {}),),
        "limits": msgspec.structs.replace(limits, max_turns=2 * limits.max_turns),
        "invalid_left": shown.invalid_left + 1,
        "rectifications_left": shown.rectifications_left - 1,
        "backbones": shown.backbones[:1],
        "max_tool_steps": shown.max_tool_steps + 1,
    }
    plain = encode(shown)[PLACES["episode"]]
    for field, value in changes.items():
        other = encode(msgspec.structs.replace(shown, **{field: value}))[PLACES["episode"]]
        assert (other != plain).sum() == 1, field


SCRIPT = """
import sys
from mas2_env.envs.encode import encode
from mas2_env.prompts import parse_json
print(encode(parse_json(sys.stdin.buffer.read())).tobytes().hex())
"""


def test_another_process_gives_the_same_vector(array_env):
    env: ArrayEnv = array_env(budget=1.0)
    env.action_space.seed(3)
    _, info = env.reset(seed=3)
    while env.shown.stage != "rectify":
        *_, info = env.step(env.action_space.sample(info["action_mask"]))
        if "outcome" in info:
            _, info = env.reset()
    shown = parse_json(render_json(env.shown))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=render_json(shown), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == encode(env.shown).tobytes().hex()
