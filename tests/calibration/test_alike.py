"""How shares of difficulty are moved together."""

import pytest

from mas2_env.backends.calibrated import Setting
from mas2_env.calibration.fit_alike import forgiving, moved

SETTING = Setting("math", 0.5, 0.05, 0.35, focus={"a": 0.6}, level={"a": 1.0, "b": 0.0, "c": -1.0})


def test_nothing_moves_by_nothing() -> None:
    same = moved(SETTING, 0.0, 0.0, 1.0, SETTING.family)
    assert same.focus == {"a": 0.6, "b": 0.5, "c": 0.5}
    assert same.noise == pytest.approx(SETTING.noise)


def test_a_tilt_gives_better_models_more() -> None:
    tilted = moved(SETTING, 0.0, 0.5, 1.0, 0.05).focus
    assert tilted["a"] > 0.6
    assert tilted["b"] == 0.5
    assert tilted["c"] < 0.5


def test_stretching_sets_models_apart_and_noise_stays() -> None:
    apart = moved(SETTING, 0.0, 0.0, 2.0, 0.2)
    assert apart.focus["a"] > 0.6
    assert apart.focus["b"] < 0.5
    assert apart.noise == pytest.approx(SETTING.noise, abs=1e-6)
    assert apart.family == 0.2


def test_what_is_out_of_reach_is_let_go() -> None:
    assert forgiving(0.1) == pytest.approx(0.01, rel=0.01)
    assert forgiving(100.0) - forgiving(50.0) < 0.02
