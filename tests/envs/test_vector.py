"""Vector environments: synchronous and in other processes, with the same results."""

import gymnasium
import msgspec
import numpy as np
import pytest

from mas2_env.envs.array import ActionCodec

TEMPLATE = '{"roles": [{"name": "solver", "copies": 2}, {"name": "pool", "kind": "vote"}], "channels": [{"type": "vote", "sources": ["solver"], "target": "pool"}], "output": "pool"}'  # fmt: skip  # noqa: E501
ASSIGNMENT = '{"backbones": {"solver": "BACKBONE"}}'


def same(a, b):
    """Whether two nested results are equal to the last bit."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, tuple | list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    else:
        assert a == b


def play(env_id, mode, act, steps=12, **vector):
    envs = gymnasium.make_vec(env_id, num_envs=2, vectorization_mode=mode, vector_kwargs=vector or None)
    results = [envs.reset(seed=11)]
    try:
        for _ in range(steps):
            observation, info = results[-1][0], results[-1][-1]
            results.append(envs.step(act(observation, info)))
    finally:
        envs.close()
    return results


def act_text(observation, info):
    """A fixed system for each environment, whatever its stage; and now and then nonsense."""
    actions = []
    for text in observation["json"]:
        shown = msgspec.json.decode(text)
        backbone = shown.get("backbones", [{"name": "?"}])[0]["name"]
        answers = {
            "generate": TEMPLATE,
            "implement": ASSIGNMENT.replace("BACKBONE", backbone),
            "rectify": '{"edits": []}',
        }
        actions.append(answers.get(shown["stage"], "—"))
    return tuple(actions)


def act_array(observation, info):
    space = ActionCodec().space
    space.seed(int(observation["observation"].sum() * 1000))
    return np.stack([space.sample(mask) for mask in observation["action_mask"]])


@pytest.mark.parametrize(("env_id", "act"), [("mas2/Suite-v0", act_text), ("mas2/Suite-Array-v0", act_array)])
@pytest.mark.parametrize("shared", [True, False])
def test_other_processes_give_the_same_results(env_id, act, shared):
    here = play(env_id, "sync", act)
    there = play(env_id, "async", act, context="spawn", shared_memory=shared)
    same(here, there)
    ended = [result[-1]["outcome"] for result in here[1:] if "outcome" in result[-1]]
    assert len(ended) >= 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_defaults_of_make_vec_work():
    envs = gymnasium.make_vec("mas2/GSM8K-v0", num_envs=2, vectorization_mode="async")
    try:
        observation, info = envs.reset(seed=1)
        assert observation in envs.observation_space
        assert info["task"].tolist() == ["GSM8K", "GSM8K"]
        assert all("GSM8K" in text for text in observation["text"])
        again, *_ = envs.step(("?", "?"))
        assert again["text"] != observation["text"]
    finally:
        envs.close()
