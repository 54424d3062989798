"""BrowseComp-Plus's figures against those of its own program."""

import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mas2_tasks.browsecomp_metrics import (
    calibration_error,
    citation_precision,
    citation_recall,
    citations,
    parse_judgement,
)
from mas2_tasks.browsecomp_runs import RunFile, Verdict, parse_qrels, summary, verdict

from mas2_env.errors import DataError

NORMS = {"1": "1", "2": "2", "infty": "infty", "infinity": "infty", "max": "infty"}
CALIBRATION = ("calculate_calibration_error", "calib_err")
OTHERS = ("parse_judge_response", "extract_citations_from_response", "compute_citation_metrics", "main")
RAISES = {"AssertionError": ValueError, "IndexError": IndexError, "ZeroDivisionError": DataError}


@pytest.fixture(scope="module")
def rows(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "golden" / "browsecomp_plus.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def of(rows: list[dict[str, Any]], *functions: str) -> list[dict[str, Any]]:
    found = [row for row in rows if row["function"] in functions]
    assert found
    return found


def test_every_row_is_of_a_function_that_is_compared(rows: list[dict[str, Any]]) -> None:
    assert len(rows) == 97
    assert {row["function"] for row in rows} <= {*CALIBRATION, *OTHERS}


def test_calibration_error(rows: list[dict[str, Any]]) -> None:
    for row in of(rows, *CALIBRATION):
        given, official = row["prediction"], row["official"]
        arguments = (given["confidences"], given["correctness"], given["beta"], NORMS[given["p"]])
        if "raises" in official:
            with pytest.raises(RAISES[official["raises"]]):
                calibration_error(*arguments)
            continue
        low, high = official.get("tie_range", (official["value"], official["value"]))
        assert low - 1e-9 <= calibration_error(*arguments) <= high + 1e-9, row["kind"]


def test_judge_texts(rows: list[dict[str, Any]]) -> None:
    for row in of(rows, "parse_judge_response"):
        assert msgspec.to_builtins(parse_judgement(row["prediction"])) == row["official"], row["prediction"]


def test_citations(rows: list[dict[str, Any]]) -> None:
    for row in of(rows, "extract_citations_from_response"):
        assert list(citations(row["prediction"])) == sorted(row["official"]), row["prediction"]


def test_citation_metrics(rows: list[dict[str, Any]]) -> None:
    for row in of(rows, "compute_citation_metrics"):
        cited, relevant = row["prediction"]["cited"], row["prediction"]["relevant"]
        assert {
            "num_citations": len(cited),
            "num_relevant": len(relevant),
            "precision": pytest.approx(citation_precision(cited, relevant), abs=1e-9),
            "recall": pytest.approx(citation_recall(cited, relevant), abs=1e-9),
        } == row["official"]


def verdicts(row: dict[str, Any]) -> list[Verdict]:
    """What becomes of a folder: each run of a known query, judged by the recorded text."""
    known = {str(truth["query_id"]) for truth in row["gold"]["ground_truth"]}
    qrels = parse_qrels(row["gold"]["qrel_evidence"], "qrels")
    texts = row["prediction"]["judge_responses"]
    runs = [msgspec.convert(run, RunFile) for run in row["prediction"]["runs"]]
    return [
        verdict(run, parse_judgement(texts[run.query]) if run.answered else None, qrels.get(run.query, ()))
        for run in runs
        if run.query in known
    ]


def test_whole_runs(rows: list[dict[str, Any]]) -> None:
    for row in of(rows, "main"):
        official = dict(row["official"])
        if "raises" in official:
            with pytest.raises(RAISES[official["raises"]]):
                summary(verdicts(row))
            continue
        low, high = official.pop("calibration_tie_range", (official["Calibration Error (%)"],) * 2)
        ours = summary(verdicts(row))
        assert low - 1e-9 <= ours.pop("Calibration Error (%)") <= high + 1e-9, row["kind"]
        del official["Calibration Error (%)"], official["printed"]["warnings"]
        ours["per_query_metrics"].sort(key=lambda each: str(each["query_id"]))
        assert ours == official, row["kind"]
