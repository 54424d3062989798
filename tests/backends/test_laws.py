"""The laws of simulated agents, for numbers and for arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.backends import laws

real = st.floats(-4, 4)
unit = st.floats(0.001, 0.999)


@given(real, real, unit, unit)
def test_a_number_gets_what_an_array_gets(x: float, y: float, u: float, v: float) -> None:
    def both(law: object, *given: object) -> None:
        alone = law(*given)  # type: ignore[operator]
        arrays = [np.array([g, g]) if isinstance(g, float) else g for g in given]
        for got in law(*arrays):  # type: ignore[operator]
            assert got == pytest.approx(alone)

    both(laws.sigmoid, x)
    both(lambda z: laws.chance(z, 0.5), x)
    both(lambda z, n: laws.is_right(z, 0.5, n), x, y)
    both(lambda z: laws.popular_share(z, -1.0, 1.0), x)
    both(lambda a, b: laws.wrong_index(a, b, 0.4, 3, 7), u, v)
    both(lambda a, b: laws.weight(a, b, 1.2, 2.0), u, v)
    both(lambda a, b: laws.persuasion(1.0, a, 2.0, b, 0.5), u, y)
    both(lambda a: laws.hint_share(a, 0.2), u)
    both(lambda a, b: laws.renewed(a, b, 0.3), x, y)
    both(lambda a, b: laws.length(5.0, a, b), u, y)
    both(lambda z: laws.gained(0.2, 0.5, z), x)
    both(lambda a, b: laws.seconds(a, 1.0, 0.02, 0.3, b), u, y)


def test_wrong_answers_are_popular_own_or_other() -> None:
    def index(uniform: float) -> int:
        return int(laws.wrong_index(uniform, 0.3, 0.5, 4, 9))

    assert [index(u) for u in (0.1, 0.29, 0.31, 0.64, 0.66, 0.99)] == [0, 0, 4, 4, 9, 9]


@given(unit)
def test_hints_have_their_mean(mean: float) -> None:
    uniform = (np.arange(20_000) + 0.5) / 20_000
    assert laws.hint_share(uniform, mean).mean() == pytest.approx(mean, abs=0.002)


def test_without_anything_new_another_try_is_the_same() -> None:
    assert laws.renewed(0.7, -1.3, 0.0) == 0.7
    assert laws.renewed(0.7, -1.3, 1.0) == -1.3
