"""Confidence intervals, and the laws that they keep."""

import math
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas2_env.runs.statistics import choose_baseline, resample, summarise

FEW = 400
lenient = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def rows_by_policy(summary, task="Sums"):
    return {row.policy: row for row in summary.rows if row.task == task}


results = st.lists(st.tuples(st.booleans(), st.integers(1, 10_000), st.floats(0, 5)), min_size=1, max_size=30)


@lenient
@given(results)
def test_an_interval_holds_its_estimate(record, results):
    records = [
        record(item=str(i), kind="success" if s else "failure", cost=c, reward=r if s else 0.0)
        for i, (s, c, r) in enumerate(results)
    ]
    row = summarise(records, resamples=FEW).rows[0]
    for interval in (row.success, row.reward, row.cost, row.cost_per_success):
        if interval.low is not None and interval.value is not None:
            assert interval.low <= interval.value
            assert interval.high is None or interval.value <= interval.high


@lenient
@given(results)
def test_a_policy_does_not_differ_from_its_double(record, results):
    records = [
        record(policy=policy, item=str(i), kind="success" if s else "failure", cost=c, reward=r)
        for policy in ("a", "b")
        for i, (s, c, r) in enumerate(results)
    ]
    difference = rows_by_policy(summarise(records, resamples=FEW))["b"].difference
    assert difference.success.value == 0.0
    assert not difference.success.clear
    for interval in (difference.reward, difference.cost):
        assert (interval.value, interval.low or 0.0, interval.high or 0.0) == (0.0, 0.0, 0.0)


def test_policies_that_solve_the_same_items_may_still_differ(record):
    """Had they differed on more than 13.9 % of items, 20 would have shown it 19 times in 20."""
    records = [record(p, item=str(i), success=i % 2 == 0) for p in "ab" for i in range(20)]
    gap = rows_by_policy(summarise(records, resamples=FEW))["b"].difference.success
    assert (gap.low, gap.value, gap.high) == (
        pytest.approx(-0.1391, abs=1e-4),
        0.0,
        pytest.approx(0.1391, abs=1e-4),
    )


@lenient
@given(results, st.integers(2, 4))
def test_doing_the_same_episodes_again_does_not_narrow_an_interval(record, results, times):
    def run(seeds):
        return summarise(
            [
                record(item=str(i), seed=seed, kind="success" if s else "failure", cost=c, reward=r)
                for i, (s, c, r) in enumerate(results)
                for seed in range(seeds)
            ],
            resamples=FEW,
        ).rows[0]

    once, often = run(1), run(times)
    for a, b in ((once.success, often.success), (once.reward, often.reward), (once.cost, often.cost)):
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))


@lenient
@given(st.integers(0, 2**31))
def test_the_order_of_the_episodes_does_not_matter(record, seed):
    records = [record(p, item=str(i), success=i % 3 == 0, cost=i + 1) for p in "ab" for i in range(12)]
    shuffled = records.copy()
    random.Random(seed).shuffle(shuffled)
    assert summarise(records, resamples=50) == summarise(shuffled, resamples=50)


def test_intervals_cover_the_truth_as_often_as_they_say(record):
    """400 experiments: items of varying difficulty, two seeds, two policies with a known difference.

    Taking the two answers to an item for independent would cover the truth far less often.
    """
    rng = np.random.default_rng(1)
    chances = np.array([0.05, 0.2, 0.5, 0.8, 0.9])
    gains = np.array([0.05, 0.2, 0.2, 0.1, 0.0])
    truth, gap, hits = chances.mean(), gains.mean(), np.zeros(3)
    for _ in range(400):
        kinds = rng.integers(0, 5, 60)
        solved = {
            "a": rng.random((2, 60)) < chances[kinds],
            "b": rng.random((2, 60)) < (chances + gains)[kinds],
        }
        rows = rows_by_policy(
            summarise(
                [
                    record(policy, item=str(i), seed=seed, success=bool(wins[seed, i]))
                    for policy, wins in solved.items()
                    for seed in (0, 1)
                    for i in range(60)
                ],
                resamples=FEW,
            )
        )
        own, other = rows["a"].success, rows["b"].difference.success
        naive = 1.96 * (own.value * (1 - own.value) / 120) ** 0.5
        hits += (
            own.low <= truth <= own.high,
            other.low <= gap <= other.high,
            abs(own.value - truth) <= naive,
        )
    rate, difference, independent = hits / 400
    assert 0.92 <= rate <= 0.98
    assert 0.92 <= difference <= 0.98
    assert independent < 0.90


def test_the_bootstrap_agrees_with_the_exact_distribution_of_a_resampled_count(record):
    """k of n solved once each: the resampled count is binomial, whose quantiles are known."""
    row = summarise([record(item=str(i), success=i < 30) for i in range(100)]).rows[0]
    exact = np.array([sum(_binomial(100, 0.3, j) for j in range(k + 1)) for k in range(101)])
    low, high = (int(np.searchsorted(exact, tail)) / 100 for tail in (0.025, 0.975))
    assert row.success.low == pytest.approx(low, abs=0.0101)
    assert row.success.high == pytest.approx(high, abs=0.0101)


def _binomial(n, p, k):
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def test_the_interval_of_a_mean_agrees_with_the_normal_one(record):
    """For a mean of many items the bootstrap's error is s / sqrt(n)."""
    records = [record(item=str(i), cost=1000 + 37 * (i % 50)) for i in range(400)]
    costs = np.array([1000 + 37 * (i % 50) for i in range(400)]) * 1e-9
    row = summarise(records).rows[0]
    half = 1.96 * costs.std() / 20
    assert row.cost.high - row.cost.value == pytest.approx(half, rel=0.05)
    assert row.cost.value - row.cost.low == pytest.approx(half, rel=0.05)


def test_pairing_finds_a_small_difference_that_spread_between_items_would_hide(record):
    """Item difficulty varies greatly, but b is always a little cheaper than a."""
    records = [
        record(p, item=str(i), cost=1000 * (i + 1) - 100 * (p == "b")) for p in "ab" for i in range(50)
    ]
    rows = rows_by_policy(summarise(records))
    assert rows["b"].cost.high > rows["a"].cost.low
    assert rows["b"].difference.cost.value == pytest.approx(-1e-7)
    assert rows["b"].difference.cost.clear


def test_void_episodes_are_counted_and_left_out(record):
    records = [record("a", item=str(i), success=True) for i in range(4)]
    records += [record("b", item=str(i), success=True) for i in range(3)]
    records += [record("b", item="3", kind="void", reward=None, cost=10**9)]
    summary = summarise(records)
    row = rows_by_policy(summary)["b"]
    assert (summary.episodes, summary.void) == (8, 1)
    assert (row.episodes, row.void, row.success.value) == (3, 1, 1.0)
    assert row.cost.value == pytest.approx(1e-6)
    assert row.difference.episodes == 3


def test_all_solved_still_leaves_room_for_doubt(record):
    """Clopper and Pearson: 20 of 20 is at least 83.2 % at 95 % confidence."""
    row = summarise([record(item=str(i), success=True) for i in range(20)]).rows[0]
    assert (row.success.low, row.success.high) == (pytest.approx(0.8316, abs=1e-4), 1.0)
    row = summarise([record(item=str(i), success=False) for i in range(20)]).rows[0]
    assert (row.success.low, row.success.high) == (0.0, pytest.approx(0.1684, abs=1e-4))


def test_the_mean_of_tasks_is_not_surer_than_its_smallest_task(record):
    """None of 3 and none of 300 solved: a mean rate of 0.35 leaves that outcome likelier than 2.5 %."""
    records = [
        record(task=t, item=str(i), success=False) for t, n in (("a", 3), ("b", 300)) for i in range(n)
    ]
    mean = summarise(records, tasks=("a", "b"), resamples=FEW).rows[-1]
    assert (1 - 2 * 0.35) ** 3 > 0.025
    assert mean.success.high == pytest.approx(1 - 0.025 ** (1 / 6))
    assert mean.success.high > 0.35


def test_without_a_success_there_is_no_cost_of_one(record):
    row = summarise([record(item=str(i), success=False) for i in range(5)]).rows[0]
    assert row.cost_per_success.value is None


def test_a_single_item_has_no_interval(record):
    row = summarise([record(success=True)]).rows[0]
    assert (row.success.value, row.success.low, row.success.high) == (1.0, None, None)


def test_everything_void_says_nothing(record):
    row = summarise([record(item=str(i), kind="void", reward=None) for i in range(3)]).rows[0]
    assert (row.episodes, row.success.value, row.tokens) == (0, None, None)


def test_tasks_weigh_the_same_in_the_mean(record):
    records = [record(task="long", item=str(i), success=True) for i in range(30)]
    records += [record(task="short", item=str(i), success=False) for i in range(3)]
    mean = summarise(records, tasks=("long", "short")).rows[-1]
    assert (mean.task, mean.success.value, mean.episodes) == (None, 0.5, 33)


def test_meta_agents_cost_unless_asked_otherwise(record):
    records = [record(item=str(i), cost=100, meta_cost=50) for i in range(3)]
    assert summarise(records).rows[0].cost.value == pytest.approx(150e-9)
    assert summarise(records, count_meta=False).rows[0].cost.value == pytest.approx(100e-9)


def test_resampling_keeps_the_number_of_items():
    draws = resample(np.ones((7, 1)), 100, np.random.default_rng(0))
    assert (draws == 7).all()


def test_the_baseline_is_direct_if_it_is_there():
    assert choose_baseline(("cot", "direct")) == "direct"
    assert choose_baseline(("cot", "debate")) == "cot"
