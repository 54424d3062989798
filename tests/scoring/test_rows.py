"""Reading files of predictions and telling their form."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from mas2_env.errors import DataError
from mas2_env.records import read_loose
from mas2_env.scoring.rows import ROWS, read_rows, recognise
from mas2_env.scoring.scorer import Format, Prediction, Scorer
from mas2_env.task import Task


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "predictions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def predictions(folder: Path, sums: Task, *rows: Any) -> list[Prediction]:
    return read_rows(read_loose(write(folder, *rows)), Scorer(sums))


def test_a_row_names_its_item_or_brings_a_reference(tmp_path: Path, sums: Task) -> None:
    found = predictions(
        tmp_path,
        sums,
        {"id": "sums/3", "prediction": "6"},
        {"id": "a", "prediction": "6", "gold": "6"},
        {"id": "b", "prediction": "6", "task_id": 3},
        {"id": "c", "prediction": "6", "gold": {"task_id": "sums/4"}},
        {"task_id": "sums/5", "prediction": None, "gold": None},
        {"id": 0, "prediction": "6"},
    )
    assert [each.id for each in found] == ["sums/3", "a", "b", "c", "sums/5", 0]
    assert [each.item for each in found] == ["sums/3", "a", "3", "sums/4", "sums/5", "0"]
    assert [each.gold for each in found] == [UNSET, "6", UNSET, UNSET, UNSET, UNSET]
    assert found[4].answer is None
    assert found[1].place.endswith("predictions.jsonl: line 2")


def test_several_samples_of_an_item_are_numbered(tmp_path: Path, sums: Task) -> None:
    rows = [{"task_id": name, "prediction": "x"} for name in ("a", "b", "a")]
    assert [each.id for each in predictions(tmp_path, sums, *rows)] == ["a#1", "b", "a#2"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "a", "prediction": ""}, {"id": "b"}], "line 2: no `prediction`"),
        ([{"prediction": "x"}], "line 1: neither `id` nor `task_id`"),
        ([{"id": ["a"], "prediction": "x"}], r"line 1: Expected `(int \| str|str \| int)`, got `array`"),
        ([{"id": "a", "prediction": ""}] * 2, "line 2: id 'a' is already that of line 1"),
        ([7], "line 1: Expected `object`, got `int`"),
    ],
)
def test_what_is_no_row_is_named_with_its_line(
    tmp_path: Path, sums: Task, rows: list[Any], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        predictions(tmp_path, sums, *rows)


class Forms(Scorer):
    formats = (
        Format("pairs", "a and b", lambda record: "a" in record, lambda _, __: []),
        Format("twins", "b alone", lambda record: "b" in record, lambda _, __: []),
    )


def test_the_form_is_recognised_or_asked_for(tmp_path: Path, sums: Task) -> None:
    scorer = Forms(sums)
    assert recognise(read_loose(write(tmp_path, {"id": 1, "prediction": 2})), scorer) is ROWS
    assert recognise(read_loose(write(tmp_path, {"a": 1})), scorer).name == "pairs"
    both = read_loose(write(tmp_path, {"a": 1, "b": 2, "c": 3}))
    with pytest.raises(DataError, match="line 1: may be pairs and twins; say which with --format"):
        recognise(both, scorer)
    assert recognise(both, scorer, "twins").name == "twins"
    with pytest.raises(DataError, match=r"has no format 'pears'; did you mean 'pairs'\? There are rows \("):
        recognise(both, scorer, "pears")
    with pytest.raises(DataError, match="is not of a form that Sums is scored from: rows"):
        recognise(read_loose(write(tmp_path, {"zzz": 1})), scorer)
