"""A backbone's parameters from recorded replies."""

import json
import tomllib
from pathlib import Path

import pytest

from mas2_env.backends.parameters import load_parameters, logit
from mas2_env.backends.simulated import Simulated
from mas2_env.calibration.backbone import Reply, fit_backbone
from mas2_env.cli import run
from mas2_env.errors import DataError
from mas2_env.pool import load_pool
from mas2_env.runs.result import load_result


def replies(benchmark: str, right: int, wrong: int, **fields: object) -> list[Reply]:
    marks = [True] * right + [False] * wrong
    return [Reply(benchmark, "m", mark, "4", **fields) for mark in marks]  # type: ignore[arg-type]


def test_measured_families_are_as_measured_and_others_as_far_from_gpt_4o_mini() -> None:
    parameters = load_parameters()
    table = fit_backbone(replies("GSM8K", 89, 10, completion_tokens=264), "m", parameters)
    assert table.math == pytest.approx(0.895)
    assert table.tasks == {"gsm8k": 0.895}
    assert table.verbosity == pytest.approx(0.693, abs=0.001), "twice the usual 132 tokens"
    like = parameters.backbone["gpt-4o-mini"]
    gap = logit(0.895) - logit(like.math)
    for family in ("code", "recall", "reading"):
        assert logit(getattr(table, family)) - logit(getattr(like, family)) == pytest.approx(gap, abs=0.01)


def test_later_rounds_and_other_models_do_not_count() -> None:
    rows = replies("gsm8k", 20, 20) + replies("gsm8k", 50, 0, round=1)
    rows += [Reply("gsm8k", "other", True)] * 50
    assert fit_backbone(rows, "m", load_parameters()).math == 0.5


def test_replies_without_an_answer_are_malformed() -> None:
    rows = replies("gsm8k", 27, 0) + [Reply("gsm8k", "m", False, None)] * 3
    assert fit_backbone(rows, "m", load_parameters()).malformed == 0.1


def test_too_few_replies_are_refused() -> None:
    with pytest.raises(DataError, match="20 graded first replies of 'm'; found gsm8k: 10"):
        fit_backbone(replies("gsm8k", 5, 5), "m", load_parameters())


def test_the_command_prints_a_table_that_the_backend_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "runs.jsonl"
    row = {"benchmark": "MATH", "item_id": "x", "model": "m", "correct": True, "answer": "4"}
    path.write_text("\n".join(json.dumps({**row, "correct": i % 2 == 0}) for i in range(40)))
    assert run(["simulator", "backbone", str(path), "--model", "m", "--name", "mine"]) == 0
    printed = capsys.readouterr().out
    assert tomllib.loads(printed)["backbone"]["mine"]["tasks"] == {"math": 0.5}
    mine = tmp_path / "mine.toml"
    mine.write_text(printed)
    line = f"eval -p direct -t math --items 2 --out {tmp_path / 'run'} --backend simulated[parameters={mine}]"
    assert run(line.split()) == 0
    assert load_result(tmp_path / "run").plan.backend_digest != Simulated(load_pool()).digest


def test_a_backbone_is_fitted_from_a_run_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder, mine = tmp_path / "run", tmp_path / "mine.toml"
    line = f"eval -p direct,cot -t gsm8k,hotpotqa --items 60 --ledger --out {run_folder}"
    assert run(line.split()) == 0
    capsys.readouterr()
    assert run(["simulator", "backbone", str(run_folder), "--model", "gpt-4o-mini", "--name", "mine"]) == 0
    mine.write_text(capsys.readouterr().out)
    table = tomllib.loads(mine.read_text())["backbone"]["mine"]
    plain = [
        record.outcome
        for record in load_result(run_folder).records
        if record.policy == "direct" and record.task == "GSM8K" and record.outcome.model_calls == 1
    ]
    right = sum(outcome.kind == "success" for outcome in plain)
    assert table["tasks"]["gsm8k"] == pytest.approx((right + 0.5) / (len(plain) + 1), abs=1e-4)
    assert set(table["tasks"]) == {"gsm8k", "hotpotqa"}
    assert table["verbosity"] == pytest.approx(0.0, abs=0.2), "gpt-4o-mini is what lengths are relative to"
    assert table["latency"]["per_token"] > 0, "from the run's own ledger"


def test_a_run_without_plain_calls_says_which_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"eval -p debate -t gsm8k --items 2 --out {tmp_path / 'run'}".split()) == 0
    assert run(["simulator", "backbone", str(tmp_path / "run"), "--model", "gpt-4o-mini"]) == 1
    assert "none of its 2 episodes is a plain call" in capsys.readouterr().err


def test_a_model_that_has_no_replies_is_told_which_have() -> None:
    with pytest.raises(DataError, match="no first replies of 'gpt', but of m"):
        fit_backbone(replies("gsm8k", 20, 5), "gpt", load_parameters())
