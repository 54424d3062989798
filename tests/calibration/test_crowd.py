"""Laws that crowds of simulated agents keep."""

import numpy as np
import pytest
from msgspec.structs import replace

from mas2_env.backends.calibrated import Calibration
from mas2_env.calibration import estimators
from mas2_env.calibration.crowd import NONE, Crowd, Source, vote
from mas2_env.calibration.fit_shares import both_right
from mas2_env.calibration.world import Missing, World

CUP = "cup/GSM8K"


def phi(world: World, a: str, b: str) -> float:
    one, two = world.replies(CUP, a), world.replies(CUP, b)
    return estimators.phi((one[:, 0] == 0).astype(float), (two[:, 0] == 0).astype(float))


def test_draws_depend_on_names_alone() -> None:
    assert (Source("a", "b").bits(9) == Source("a", "b").bits(9)).all()
    assert not (Source("a", "b").bits(9) == Source("ab").bits(9)).all()


def test_accuracy_is_phi_of_the_level(calibration: Calibration) -> None:
    world = World(calibration, 40_000)
    assert float((world.replies(CUP, "gpt-plain") == 0).mean()) == pytest.approx(0.5, abs=0.01)
    assert float((world.replies(CUP, "gpt-clever") == 0).mean()) == pytest.approx(0.9 * 0.8413, abs=0.01)
    assert float((world.replies(CUP, "gpt-clever") == NONE).mean()) == pytest.approx(0.1, abs=0.01)


def test_copies_are_more_alike_than_kin_and_kin_than_strangers(calibration: Calibration) -> None:
    setting = replace(calibration.setting[CUP], lacks={}, level={"gpt-a": 0.0, "gpt-b": 0.0, "claude-c": 0.0})
    world = World(replace(calibration, setting={CUP: setting}), 40_000)
    copies = estimators.pooled_phi((world.replies(CUP, "gpt-a", 2) == 0).astype(float))
    kin, strangers = phi(world, "gpt-a", "gpt-b"), phi(world, "gpt-a", "claude-c")
    assert copies > kin + 0.05 > strangers + 0.06
    for found, share in ((copies, 0.8), (kin, 0.6), (strangers, 0.5)):
        assert found == pytest.approx((both_right(0.5, 0.5, share) - 0.25) / 0.25, abs=0.02)


def test_a_stratum_is_as_much_harder_as_it_says(calibration: Calibration) -> None:
    world = World(calibration, 30_000)
    easy, hard = (float((world.replies(CUP, "gpt-plain", 1, s) == 0).mean()) for s in ("level=1", "level=5"))
    assert easy == pytest.approx(1 - hard, abs=0.02)
    assert easy > 0.65


def test_a_vote_gains_where_errors_differ_and_never_where_they_are_shared(calibration: Calibration) -> None:
    def gain(popular: float, own: float) -> float:
        setting = replace(calibration.setting[CUP], popular=popular, own=own, slope=0.0)
        answers = Crowd(setting, "x", 20_000).replies("m", 0.0, 0.0, 7)
        return float((vote(answers, Source("v")) == 0).mean() - (answers == 0).mean())

    assert gain(-5.0, 0.0) > 0.05
    assert gain(5.0, 0.0) < 0.01


def test_votes_take_the_commonest_and_ignore_silence() -> None:
    answers = np.array([[2, 0, 2], [NONE, NONE, 0], [NONE, NONE, NONE]])
    assert vote(answers, Source("x")).tolist() == [2, 0, NONE]


def test_what_was_not_fitted_is_said(calibration: Calibration) -> None:
    with pytest.raises(Missing, match="no recording x/y was fitted"):
        World(calibration).crowd("x/y")
    with pytest.raises(Missing, match="no accuracy of absent was fitted"):
        World(calibration).replies(CUP, "absent")
