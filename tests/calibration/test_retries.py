"""Retries with the output of tests, over models, and what a check says of sections that it cannot play."""

import pytest
from msgspec.structs import replace

from mas2_env.backends.calibrated import load_calibration
from mas2_env.calibration.check import check
from mas2_env.calibration.figures import read_figures
from mas2_env.calibration.fit_tasks import fit_tasks
from mas2_env.calibration.protocols_retry import exercises
from mas2_env.calibration.world import Missing


def test_retries_follow_ability_as_recorded_though_not_fitted_to_it(
    figures_file: str,
) -> None:
    figures = [f for f in read_figures(figures_file) if f.section == "retry_by_ability"]
    report = check(figures, load_calibration())
    assert len(report.verdicts) == 4
    assert all(verdict.inside for verdict in report.verdicts)


def test_they_would_not_if_tests_were_worth_the_same_to_all(figures_file: str) -> None:
    figures = [f for f in read_figures(figures_file) if f.section == "retry_by_ability"]
    shipped = load_calibration()
    alike = {
        name: {**habit, "rise": 0.0} if name.startswith("tests shown") else habit
        for name, habit in shipped.habit.items()
    }
    slopes = [v for v in check(figures, replace(shipped, habit=alike)).verdicts if v.figure.key == "b"]
    assert all(0.3 < v.simulated < 0.8 * v.figure.measured for v in slopes)


def test_in_episodes_it_is_worth_what_it_is_to_the_average_model() -> None:
    shipped = load_calibration()
    name = "Aider edit (133 Python exercises)/all"
    setting = replace(shipped.setting[name], level={"weak": -1.0, "strong": 2.0})
    habit = {f"tests shown {name}": {"gain": 0.25, "rise": 0.5, "fresh": 0.7}}
    found = fit_tasks(replace(shipped, setting={name: setting}, habit=habit)).habit["retry executed"]
    assert found == {"gain": 0.5, "fresh": 0.7}


def test_the_number_of_exercises_stands_in_the_name() -> None:
    assert exercises("Aider edit (133 Python exercises)") == 133
    with pytest.raises(Missing, match="does not say how many exercises"):
        exercises("a leaderboard")


def test_what_cannot_be_expressed_says_why(figures_file: str) -> None:
    left = ("chars_per_token", "prompt_tokens", "cost_usd", "grader_noise", "tool_use")
    report = check([f for f in read_figures(figures_file) if f.section in left], load_calibration())
    assert not report.verdicts
    reasons = {u.section: u.reason for u in report.unsaid}
    assert set(reasons) == set(left)
    assert "four characters a token" in reasons["chars_per_token"]
    assert not any("nothing of the kind" in reason for reason in reasons.values())


def test_second_proposals_are_right_as_often_as_recorded_ones(figures_file: str) -> None:
    """By kind of task and with and without a critic, over all models of MINT."""
    figures = [f for f in read_figures(figures_file) if f.section == "retry_proposal_pooled"]
    report = check(figures, load_calibration())
    second = [v for v in report.verdicts if v.figure.key == "second_after_wrong"]
    assert len(second) == 12
    assert all(verdict.inside for verdict in second)
    assert {u.name.rpartition(" ")[2] for u in report.unsaid} == {"solved"}
    assert all("loop of tool turns" in u.reason for u in report.unsaid)
