"""The exact paired test, and Holm's correction."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.runs.paired import holm, sign_flip

differences = st.lists(st.integers(-4, 4), max_size=9)


def test_five_items_that_all_speak_for_one_side_are_not_enough():
    assert sign_flip([1, 1, 1, 1, 1, 0, 0]) == pytest.approx(2 / 2**5)
    assert sign_flip([1, 1, 1, 1, 1, 1]) == pytest.approx(2 / 2**6)


def test_nothing_that_differs_proves_nothing():
    assert sign_flip([]) == sign_flip([0, 0]) == sign_flip([1, -1]) == 1.0


@given(differences)
def test_it_is_the_share_of_all_signs_that_lie_as_far_out(values):
    sums = [
        sum(s * v for s, v in zip(signs, values, strict=True))
        for signs in product((1, -1), repeat=len(values))
    ]
    expected = np.mean([abs(total) >= abs(sum(values)) for total in sums])
    assert sign_flip(values) == pytest.approx(expected)


def test_thousands_of_items_are_no_trouble():
    assert sign_flip([1] * 1900 + [-1] * 1500) < 1e-10
    assert sign_flip([2] * 1700 + [-2] * 1700) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_order_and_never_helps(values):
    adjusted = holm(values)
    assert all(b >= a for a, b in zip(values, adjusted, strict=True))
    assert all(b <= 1.0 for b in adjusted)
    assert sorted(range(len(values)), key=lambda i: (values[i], adjusted[i])) == sorted(
        range(len(values)), key=lambda i: (adjusted[i], values[i])
    )
