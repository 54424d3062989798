"""`mas2 tasks score` on files of official verdicts: every metric of every row, in the order given."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from mas2_env.cli import run

FORGED = {"special:eq_always_true"}
"""Kinds of rows in which the official program is taken in: an object whose `==` is always true."""
UNSTEADY = ("slow", "timing_dependent", "python_dependent")
"""Marks of rows whose verdict may be another one on another machine."""


class Case(Struct, frozen=True):
    """A file of verdicts, the task it belongs to, and our names of the verdicts."""

    file: str
    task: str
    names: dict[str, str]
    options: tuple[str, ...] = ()
    data: str = ""
    every: int = 1


_HOTPOT = [f"{part}{name}" for part in ("", "sp_", "joint_") for name in ("em", "f1", "prec", "recall")]
_CODE = {
    "passed": "passed",
    "result_class": "result_class",
    "passed_with_setup_code": "passed_with_setup_code",
}
CASES = (
    Case("hotpotqa", "hotpotqa", {name: name for name in (*_HOTPOT, "precision")}),
    Case("hotpotqa_file", "hotpotqa", {name: name for name in _HOTPOT}),
    Case("nq_open", "nq", {"orqa_em": "em"}),
    Case("bamboogle", "bamboogle", {"searchr1_em": "em", "flashrag_em": "em"}),
    Case(
        "gsm8k",
        "gsm8k",
        {"openai_correct": "openai", "lm_eval_strict_match": "strict", "lm_eval_flexible_match": "flexible"},
    ),
    Case("math", "math", {"math_verify_0_9": "math_verify"}, every=9),
    Case("math_response", "math", {"math_verify_0_9": "math_verify"}, ("--format", "responses"), every=9),
    Case("humaneval", "humaneval", _CODE, data="humaneval", every=5),
    Case("mbpp", "mbpp", _CODE, every=5),
)


def part(case: Case, shared: Path, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The file, or of a long one every n-th row and those that are peculiar."""
    path = shared / "golden" / f"{case.file}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if case.every == 1:
        return path, rows
    peculiar = ("passed_with_setup_code",)
    chosen = [
        row
        for number, row in enumerate(rows)
        if (number % case.every == 0 and not any(row.get(mark) for mark in UNSTEADY))
        or row["kind"] in FORGED
        or any(key in row["official"] for key in peculiar)
    ]
    shorter = folder / path.name
    with gzip.open(shorter, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in chosen)
    return shorter, chosen


def same(ours: Any, theirs: Any) -> bool:
    return bool(ours == theirs) if isinstance(theirs, str) else ours is not None and abs(ours - theirs) < 1e-9


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_every_metric_is_the_official_one(
    case: Case, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, told = part(case, shared, tmp_path)
    options = [*case.options]
    if case.data:
        options += ["--data", str(shared / "benchmarks" / case.data / "items.jsonl.gz")]
    assert run(["tasks", "score", case.task, str(path), "--json", *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["task", "n", "rows"]
    assert printed["n"] == len(told) == len(printed["rows"])
    assert [row["id"] for row in printed["rows"]] == [row["id"] for row in told]
    wrong: Counter[str] = Counter()
    compared = missing = 0
    for row, official in zip(printed["rows"], told, strict=True):
        if row["success"] is None:
            missing += 1
            assert "has the id" in row["error"]
            assert row["metrics"] == {}
            continue
        assert row.keys() == {"id", "success", "metrics"}
        for theirs, ours in case.names.items():
            if theirs in official["official"]:
                compared += 1
                if not same(row["metrics"].get(ours), official["official"][theirs]):
                    wrong[official["kind"]] += 1
    assert compared >= len(told) - missing
    assert set(wrong) <= FORGED
    assert bool(missing) == (case.file == "humaneval")


def test_the_verdict_goes_against_programs_that_forge_theirs(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = part(CASES[-1], shared, tmp_path)
    forged = [row for row in told if row["kind"] in FORGED]
    assert forged
    assert all(row["official"]["passed"] for row in forged)
    path = tmp_path / "forged.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in forged), encoding="utf-8")
    assert run(["tasks", "score", "mbpp", str(path), "--json"]) == 0
    assert [row["success"] for row in json.loads(capsys.readouterr().out)["rows"]] == [False] * len(forged)


def test_the_comparison_is_printed_metric_by_metric(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shared / "golden" / "gsm8k.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    assert run(["tasks", "score", "gsm8k", str(path), "--compare"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["metric", "official", "rows", "agreeing", "differing"],
        ["openai", "openai_correct", "495", "495"],
        ["strict", "lm_eval_strict_match", "495", "495"],
        ["flexible", "lm_eval_flexible_match", "495", "495"],
    ]


def test_hotpotqa_is_scored_on_items_without_paragraphs(shared: Path, tmp_path: Path, capsys: Any) -> None:
    items = shared / "benchmarks" / "hotpotqa" / "items_no_context.jsonl.gz"
    if not items.exists():
        pytest.skip(f"{items.name} is not here")
    with gzip.open(items, "rt", encoding="utf-8") as lines:
        records = [json.loads(next(lines)) for _ in range(3)]
    facts = [record["supporting_facts"] for record in records]
    pairs = [list(zip(fact["title"], fact["sent_id"], strict=True)) for fact in facts]
    answers = [record["answer"] for record in records[:2]] + ["something else"]
    path = tmp_path / "predictions.jsonl"
    path.write_text(
        "".join(
            json.dumps({"id": record["id"], "prediction": {"answer": answer, "sp": pair}}) + "\n"
            for record, answer, pair in zip(records, answers, pairs, strict=True)
        )
    )
    assert run(["tasks", "score", "hotpotqa", str(path), "--data", str(items), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["success"], row["metrics"]["sp_em"], row["metrics"]["joint_em"]) for row in rows] == [
        (True, 1.0, 1.0),
        (True, 1.0, 1.0),
        (False, 1.0, 0.0),
    ]
