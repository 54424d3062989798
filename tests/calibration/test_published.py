"""The pool of today's models: its accuracies follow from published figures by the rule that it states."""

import math

import pytest
from mas2_agents.direct import Direct

import mas2_env
from mas2_env.abilities import FAMILIES, Figure, unsourced
from mas2_env.backends.parameters import level, load_parameters, logit, sigmoid
from mas2_env.calibration.published import KEYS, derive, lines, load_published
from mas2_env.errors import DataError
from mas2_env.pool import load_pool

POOL = load_pool("current")
GIVEN = {"math": "gsm8k", "code": "humaneval", "tasks.math": "math", "recall": "recall", "reading": "reading"}
BY_ESTIMATE = {"claude-haiku-4.5": ("claude-3.5-haiku", ("recall", "reading"))}
"""Backbones with accuracies that are those of one of the default pool."""


@pytest.mark.parametrize("name", POOL)
def test_every_accuracy_has_a_dated_source(name: str) -> None:
    assert not unsourced(POOL.abilities[name], POOL.figures[name])
    assert all(figure.url.startswith("https://") for figure in POOL.figures[name])


@pytest.mark.parametrize("name", POOL)
def test_accuracies_follow_from_the_figures_by_the_lines(name: str) -> None:
    ability = POOL.abilities[name]
    whole = derive({KEYS[figure.of]: figure.value for figure in POOL.figures[name]})
    said = {key: getattr(ability, key) for key in FAMILIES} | {"tasks.math": ability.tasks["math"]}
    like, estimated = BY_ESTIMATE.get(name, ("", ()))
    for key, share in said.items():
        if key in estimated:
            assert share == getattr(load_parameters().backbone[like], key)
        else:
            assert share == pytest.approx(whole[GIVEN[key]], abs=5e-4), key


def test_only_the_figure_of_the_benchmark_itself_is_the_accuracy() -> None:
    itself = [(name, f) for name in POOL for f in POOL.figures[name] if f.itself]
    assert itself
    for name, figure in itself:
        assert not figure.model
        assert [GIVEN[key] for key in figure.gives] == [KEYS[figure.of]]
        assert getattr(POOL.abilities[name], figure.gives[0]) == figure.value


def by_the_rules_of_the_default_pool(figures: list[Figure]) -> float:
    first, shares = figures[0], [figure.value for figure in figures]
    if first.itself:
        return first.value
    if first.of == "MGSM":
        return sigmoid(1.177 + 0.836 * logit(first.value))
    if first.model:
        return sigmoid(sum(map(logit, shares)) / len(shares))
    return sum(shares) / len(shares)


@pytest.mark.parametrize("name", load_pool())
def test_mathematics_and_code_of_the_default_pool_follow_from_their_figures(name: str) -> None:
    ability, figures = load_pool().abilities[name], load_pool().figures[name]
    assert set(unsourced(ability, figures)) <= {"recall", "reading"}, "which are estimates"
    for key in ("math", "code"):
        given = by_the_rules_of_the_default_pool([f for f in figures if key in f.gives])
        assert getattr(ability, key) == pytest.approx(given, abs=0.0026), key


def test_near_saturation_levels_stay_finite_and_lengths_believable() -> None:
    parameters = load_parameters()
    for ability in POOL.abilities.values():
        for share in (ability.math, ability.code, ability.tasks["math"]):
            assert 0.8 < share < 0.995
            assert abs(level(share)) < 2.5
        usual = parameters.task_table("math").tokens * math.exp(ability.verbosity)
        assert 250 < usual < 4000


def test_lines_go_through_the_models_and_know_how_far_off_they_lie() -> None:
    line, rows = lines()["math"], load_published().model.values()
    off = [
        logit(row["math"]) - line.start - line.rise * logit(row["math_level_5"])
        for row in rows
        if {"math", "math_level_5"} <= set(row)
    ]
    assert len(off) == line.models >= 20
    assert sum(off) == pytest.approx(0.0, abs=1e-9)
    assert math.sqrt(sum(d * d for d in off) / len(off)) == pytest.approx(line.spread)
    assert line(0.5) < line(0.9) <= line.highest


def test_what_is_known_stays_and_what_is_no_benchmark_is_named() -> None:
    whole = derive({"math_level_5": 0.7, "gsm8k": 0.9})
    assert whole["gsm8k"] == 0.9
    assert "recall" not in whole, "of facts nothing is known"
    with pytest.raises(DataError, match="'gsm' is not one of the benchmarks gsm8k, humaneval"):
        derive({"gsm": 0.9})


def test_stronger_backbones_do_better_at_what_their_figures_say() -> None:
    def success(name: str, task: str) -> float:
        return mas2_env.run(Direct(backbone=name), task, items=150, pool=POOL).summary.rows[0].success.value

    for task, weak, strong in (
        ("MATH", "gemma-3-27b", "gpt-5-mini"),
        ("MATH", "claude-haiku-4.5", "gemini-3.1-pro"),
        ("HotpotQA", "gpt-5-nano", "gpt-6-astra"),
        ("HotpotQA", "gemma-4-31b", "gemini-3.8-flash"),
        ("HumanEval", "gemma-3-27b", "gpt-6-astra"),
    ):
        assert success(strong, task) > success(weak, task) + 0.02, (task, weak, strong)
