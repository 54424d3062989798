"""The simulator's parameters: complete, checked, and read as documented."""

import copy
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.backends.calibrated import Setting, load_calibration, load_over_shipped
from mas2_env.backends.draws import normal
from mas2_env.backends.parameters import level, load_parameters, logit, parse_parameters, sigmoid
from mas2_env.errors import PoolError
from mas2_env.pool import Backbone, Pool, load_pool


@pytest.fixture
def raw() -> dict[str, Any]:
    text = (files("mas2_env") / "data" / "simulator.toml").read_text(encoding="utf-8")
    return copy.deepcopy(tomllib.loads(text))


def test_every_backbone_of_the_default_pool_has_a_table(pool: Pool) -> None:
    assert set(pool.names) <= set(load_parameters().backbone)


def test_an_unknown_task_gets_the_default_table() -> None:
    parameters = load_parameters()
    assert parameters.task_table("Riddles") is parameters.task["default"]
    assert parameters.task_table("GSM8K") is parameters.task["gsm8k"]


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_the_price_rule_is_monotone(a: int, b: int) -> None:
    low, high = sorted((a, b))
    fallback = load_parameters().fallback
    cheap, dear = (fallback.table(Backbone("x", "", price, price, 1000)) for price in (low, high))
    assert cheap.math <= dear.math + 1e-12
    assert cheap.reading <= dear.reading + 1e-12


@given(st.floats(0.02, 0.98))
def test_levels_give_the_accuracy_they_are_made_from(accuracy: float) -> None:
    share = sum(level(accuracy) + normal(i << 22) > 0 for i in range(1024)) / 1024
    assert abs(share - accuracy) < 0.002


def test_an_offset_lowers_accuracies_by_so_many_logits() -> None:
    assert level(0.9, 1.5) == pytest.approx(level(sigmoid(logit(0.9) - 1.5)))
    assert load_parameters().task_table("MATH").offset > 0 == load_parameters().task_table("GSM8K").offset


def test_without_evidence_an_accuracy_may_hold_for_all(raw: dict[str, Any]) -> None:
    assert load_parameters().task_table("Diagnostic").closed == 0.01
    assert load_parameters().task_table("HotpotQA").closed == "recall"
    raw["task"]["gsm8k"]["closed"] = 1.5
    with pytest.raises(PoolError, match=r"\$\.task\[\.\.\.\]\.closed"):
        parse_parameters(raw, "s.toml")


def test_logit_and_sigmoid_are_inverse() -> None:
    assert sigmoid(logit(0.3)) == pytest.approx(0.3)


def test_a_misspelt_key_is_named_with_its_place(raw: dict[str, Any]) -> None:
    raw["revise"]["unaskd"] = raw["revise"].pop("unasked")
    with pytest.raises(PoolError, match=r"^s\.toml: Object .*\$\.revise"):
        parse_parameters(raw, "s.toml")


def test_a_share_above_one_is_refused(raw: dict[str, Any]) -> None:
    raw["review"]["approve_passed"] = 1.5
    with pytest.raises(PoolError, match=r"\$\.review\.approve_passed"):
        parse_parameters(raw, "s.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["task"].pop("default"), r"no \[task\.default\]"),
        (lambda r: r["fallback"]["price"].reverse(), r"increasing prices"),
        (lambda r: r["fallback"]["math"].pop(), r"\$\.fallback\.math has 4 values"),
        (lambda r: r["tokens"]["kind"].pop("solve"), r"\$\.tokens\.kind: solve missing"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(raw: dict[str, Any], change: Any, message: str) -> None:
    change(raw)
    with pytest.raises(PoolError, match=message):
        parse_parameters(raw, "s.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"absent\.toml: cannot be read"):
        load_parameters(str(tmp_path / "absent.toml"))
    (tmp_path / "bad.toml").write_text("[debate\n")
    with pytest.raises(PoolError, match=r"bad\.toml: not a TOML file"):
        load_parameters(str(tmp_path / "bad.toml"))
    (tmp_path / "bad.toml").write_text("written = ['gpt-4o-mini']")
    with pytest.raises(PoolError, match=r"bad\.toml: there is nothing named 'written'"):
        load_parameters(str(tmp_path / "bad.toml"))


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for share in (0.1, 0.2):
        path.write_text(f"[troubles]\nunavailable = {share}\n")
        assert load_parameters(path).troubles.unavailable == share


def test_a_fit_of_ones_own_replaces_the_tables_that_it_has(tmp_path: Path) -> None:
    shipped, path = load_calibration(), tmp_path / "mine.toml"
    path.write_text(
        '[setting]\n[manner]\n[habit.selection]\ntests = 0.5\n[task.gsm8k]\nmanner = "math"\n'
        "difficulty = 0.9\nfamily = 0.0\naffinity = 0.0\n"
    )
    whole = load_over_shipped(path)
    assert whole.task == shipped.task | {"gsm8k": Setting("math", 0.9, 0.0, 0.0)}
    assert whole.habit == shipped.habit | {"selection": shipped.habit["selection"] | {"tests": 0.5}}
    assert (whole.manner, whole.model) == (shipped.manner, shipped.model)
    path.write_text(path.read_text().replace('"math"', '"maths"'))
    with pytest.raises(PoolError, match=r"\$\.task\.gsm8k\.manner is 'maths', expected one of "):
        load_over_shipped(path)


def test_recorded_models_are_backbones_by_their_name() -> None:
    pool, parameters = load_pool("calibrated"), load_parameters()
    recorded = load_calibration().model
    assert set(pool.names) <= set(recorded)
    table = parameters.backbone_table(pool["gpt-4o-mini-2024-07-18"], recorded["gpt-4o-mini-2024-07-18"])
    assert table.math == pytest.approx(0.938, abs=0.003)  # ZeroEval, GSM8K
    assert table.tasks == {"math": 0.702}  # simple-evals
    assert parameters.backbone_table(pool["gpt-4o-mini-2024-07-18"]) != table, "by its price"
