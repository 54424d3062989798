"""The PPO example at reduced size: it learns, and gives the same each time."""

import numpy as np
import pytest

pytest.importorskip("sb3_contrib", reason="needs the extra `rl`")


@pytest.fixture
def example(root):
    import examples.masked_ppo

    return examples.masked_ppo


def test_beats_the_random_policy_on_items_that_training_never_saw(example):
    trained, random = example.compare("GSM8K", steps=2500, items=150, seed=0)
    mean, low, high = example.difference(trained, random)
    assert 0 < low < mean < high


def test_interval_is_of_paired_differences(example):
    theirs = np.random.default_rng(1).normal(size=200)
    assert example.difference(theirs + 0.5, theirs) == pytest.approx((0.5, 0.5, 0.5))
    mean, low, high = example.difference(theirs, np.zeros(200))
    assert low < 0 < high
    assert (high - low) / 2 == pytest.approx(1.96 * theirs.std() / 200**0.5, rel=0.1)
    assert mean == theirs.mean()


def test_random_choice_keeps_within_the_mask(example):
    choose = example.random_choice(np.array([3, 2, 4]), seed=0)
    mask = np.array([0, 1, 1, 1, 0, 0, 0, 0, 1], dtype=bool)
    drawn = np.array([choose(np.zeros(1), mask) for _ in range(50)])
    assert set(drawn[:, 0]) == {1, 2}
    assert set(drawn[:, 1]) == {0}
    assert set(drawn[:, 2]) == {3}


def test_held_out_items_are_others(example):
    queries = set()
    for task_seed in (0, 1):
        env = example.make("GSM8K", task_seed)
        for item in range(50):
            env.reset(seed=0, options={"item": item})
            queries.add(env.unwrapped.episode.item.query)
        env.close()
    assert len(queries) == 100
