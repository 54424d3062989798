"""Statistics against cases whose values are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.calibration import estimators


def columns(*counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Two columns with so many items both right, only a, only b, neither."""
    both, only_a, only_b, neither = counts
    a = np.repeat([1.0, 1.0, 0.0, 0.0], counts)
    b = np.repeat([1.0, 0.0, 1.0, 0.0], [both, only_a, only_b, neither])
    return a, b


def test_phi_is_the_correlation() -> None:
    a, b = columns(40, 10, 20, 30)
    assert estimators.phi(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert math.isnan(estimators.phi(np.ones(5), np.arange(5) % 2.0))


def test_tetrachoric_by_hand() -> None:
    right = np.stack(columns(572, 293, 9, 34), axis=1)
    odds = 572.5 * 34.5 / (293.5 * 9.5)
    (found,) = estimators.pair_summaries(right[None])
    assert found["mean_tetrachoric"] == pytest.approx(math.cos(math.pi / (1 + math.sqrt(odds))))
    assert found["mean_tetrachoric"] == pytest.approx(0.654, abs=0.001)  # RouteLLM, GSM8K
    assert math.isnan(found["mean_phi_similar_accuracy"])


def test_pooled_phi_of_two_columns_is_the_intraclass_correlation() -> None:
    right = np.array([[1, 1]] * 30 + [[1, 0]] * 10 + [[0, 1]] * 10 + [[0, 0]] * 50, float)
    assert estimators.pooled_phi(right) == pytest.approx((0.3 - 0.16) / 0.24)
    assert estimators.both_wrong(right) == 0.5


def test_same_wrong_counts_no_missing_answers() -> None:
    answers = np.array([[2, 2], [2, 3], [-1, -1], [0, 2]])
    assert estimators.same_wrong(answers) == pytest.approx(1 / 3)


@given(st.floats(0.3, 3.0), st.floats(0.3, 3.0))
def test_a_beta_is_found_again(alpha: float, beta: float) -> None:
    rng = np.random.default_rng(5)
    hits = rng.binomial(10, rng.beta(alpha, beta, 8000))
    found = estimators.beta_fit(hits, 10)
    assert found["alpha"] == pytest.approx(alpha, rel=0.15)
    assert found["beta"] == pytest.approx(beta, rel=0.15)
    assert found["icc"] == pytest.approx(1 / (1 + found["alpha"] + found["beta"]))


def test_summary_is_over_pairs_that_vary() -> None:
    right = np.stack([*columns(40, 10, 12, 38), np.ones(100)], axis=1)
    (found,) = estimators.pair_summaries(right[None])
    assert found["mean_phi"] == pytest.approx(estimators.phi(right[:, 0], right[:, 1]))
    assert found["mean_phi_similar_accuracy"] == pytest.approx(found["mean_phi"])
