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
