"""Our scorers against verdicts that the official programs gave."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks import gsm8k_score, hotpotqa_score
from mas2_tasks.bamboogle import bamboogle_match
from mas2_tasks.nq import nq_match

from mas2_env.errors import DataError


def rows(shared: Path, name: str) -> list[dict[str, Any]]:
    path = shared / "golden" / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def same(got: dict[str, float], wanted: dict[str, float]) -> bool:
    return got.keys() == wanted.keys() and all(abs(got[key] - wanted[key]) < 1e-9 for key in wanted)


def test_hotpotqa_answers_and_joint(shared: Path) -> None:
    wrong: Counter[str] = Counter()
    for row in rows(shared, "hotpotqa"):
        prediction, gold = row["prediction"], row["gold"]
        if row["task"] == "answer":
            got = hotpotqa_score.answer_scores(prediction, gold)
        else:
            given = {part: {"x": prediction[part]} for part in ("answer", "sp") if part in prediction}
            got = hotpotqa_score.evaluate(given, [{"_id": "x", **gold}])
        wrong[row["kind"]] += not same(got, row["official"])
    assert not +wrong


def test_hotpotqa_prediction_files(shared: Path) -> None:
    for row in rows(shared, "hotpotqa_file"):
        got = hotpotqa_score.evaluate(row["prediction"], row["gold"])
        assert same(got, row["official"]), row["kind"]


def test_nq_is_orqas_exact_match(shared: Path) -> None:
    wrong: Counter[str] = Counter()
    for row in rows(shared, "nq_open"):
        wrong[row["kind"]] += nq_match(row["prediction"], row["gold"]) != row["official"]["orqa_em"]
    assert not +wrong


def test_bamboogle_is_the_exact_match_of_both_peers(shared: Path) -> None:
    wrong: Counter[str] = Counter()
    for row in rows(shared, "bamboogle"):
        got = bamboogle_match(row["prediction"], row["gold"])
        wrong[row["kind"]] += any(got != row["official"][key] for key in ("searchr1_em", "flashrag_em"))
    assert not +wrong


def test_gsm8k_three_verdicts_and_what_they_extract(shared: Path) -> None:
    wrong: Counter[str] = Counter()
    for row in rows(shared, "gsm8k"):
        text, gold, official = row["prediction"], row["gold"], row["official"]
        strict, flexible = gsm8k_score.strict_extract(text), gsm8k_score.flexible_extract(text)
        got = {
            "openai_extracted": gsm8k_score.openai_extract(text),
            "openai_correct": gsm8k_score.openai_correct(text, gold),
            "lm_eval_strict_extracted": strict,
            "lm_eval_strict_match": gsm8k_score.harness_match(strict, gold),
            "lm_eval_flexible_extracted": flexible,
            "lm_eval_flexible_match": gsm8k_score.harness_match(flexible, gold),
        }
        for key, value in got.items():
            wrong[f"{row['kind']} {key}"] += ("[invalid]" if value is None else value) != official[key]
    assert not +wrong


def test_corner_cases_of_the_answer_metrics() -> None:
    assert hotpotqa_score.answer_scores("the", "a") == {"em": 1.0, "f1": 0.0, "precision": 0.0, "recall": 0.0}
    assert hotpotqa_score.answer_scores("yes, it is", "yes")["f1"] == 0.0
    assert hotpotqa_score.answer_scores("Yes.", "no way")["f1"] == 0.0
    assert hotpotqa_score.answer_scores("AC/DC", "acdc")["em"] == 1.0


def test_predictions_of_another_shape_are_refused() -> None:
    gold = [{"_id": "x", "answer": "a b", "supporting_facts": [["T", 0]]}]
    with pytest.raises(DataError, match="answer of x: expected a string, got int"):
        hotpotqa_score.evaluate({"answer": {"x": 3}}, gold)
    with pytest.raises(DataError, match="supporting facts must be a list"):
        hotpotqa_score.evaluate({"sp": {"x": [["T", [0]]]}}, gold)
    with pytest.raises(DataError, match="no gold examples"):
        hotpotqa_score.evaluate({}, [])
