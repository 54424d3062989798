"""The scorer that does for any task, and what a task may bring of its own."""

from typing import Any

import pytest
from msgspec import UNSET

from mas2_env.errors import DataError, PluginError
from mas2_env.plugins import load, names
from mas2_env.scoring.agreement import agreement
from mas2_env.scoring.scorer import Marks, Prediction, Row, Scorer, scorer_of
from mas2_env.task import Task


def prediction(name: str, answer: Any, **parts: Any) -> Prediction:
    return Prediction(id=name, answer=answer, place="file: line 1", item=parts.pop("item", name), **parts)


def test_any_task_is_scored_by_its_items(sums: Task) -> None:
    scorer = scorer_of(sums)
    assert scorer.score(prediction("sums/3", "6")) == Row("sums/3", True, {"em": 1.0})
    assert scorer.score(prediction("mine", "7", item="sums/3")) == Row("mine", False, {"em": 0.0})
    assert scorer.score(prediction("sums/3", None)).success is False


def test_a_row_whose_item_is_not_there_is_not_scored(sums: Task) -> None:
    scorer = Scorer(sums)
    row = scorer.score(prediction("x", "6", item="nonsense"))
    assert (row.success, row.metrics) == (None, {})
    assert isinstance(row.error, str)
    assert "--data PATH names the items" in row.error
    lost = scorer.score(prediction("x", "6", missing="nobody asks this"))
    assert lost == Row("x", None, {}, "nobody asks this")
    assert Row("x", True, {}).error is UNSET


def test_answers_of_another_kind_and_references_without_a_rule_are_refused(sums: Task) -> None:
    with pytest.raises(DataError, match="file: line 1: expected a string as the prediction, got a number"):
        Scorer(sums).score(prediction("sums/3", 6))
    with pytest.raises(DataError, match="file: line 1: Sums is not scored by a `gold` in the row"):
        Scorer(sums).score(prediction("sums/3", "6", gold="6"))


class Lenient(Scorer):
    """A task's own: half marks, and a figure over the whole file."""

    def against(self, gold: Any, answer: Any) -> Marks:
        near = abs(int(answer) - int(gold)) <= 1
        return Marks(answer == gold, {"near": float(near), "word": "near" if near else "far"})

    def summary(self, predictions: Any, rows: Any) -> dict[str, float]:
        return {**super().summary(predictions, rows), "rows": float(len(rows))}


def test_a_task_brings_its_own_scorer(sums: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(sums), "scorer", f"{__name__}:Lenient")
    scorer = scorer_of(sums)
    given = [prediction("a", "6", gold="7"), prediction("b", "9", gold="3")]
    rows = [scorer.score(each) for each in given]
    assert rows[0] == Row("a", False, {"near": 1.0, "word": "near"})
    assert scorer.summary(given, rows) == {"near": 0.5, "rows": 2.0}
    monkeypatch.setattr(type(sums), "scorer", f"{__name__}:prediction")
    with pytest.raises(DataError, match=r"expected a subclass of mas2_env\.scoring\.scorer\.Scorer"):
        scorer_of(sums)
    monkeypatch.setattr(type(sums), "scorer", f"{__name__}:Strict")
    with pytest.raises(PluginError, match="has no attribute 'Strict'"):
        scorer_of(sums)


def test_agreement_compares_every_metric_that_both_have(sums: Task) -> None:
    def told(**official: Any) -> dict[str, Any]:
        return {"official": official, "kind": "made"}

    given = [
        prediction("a", "6", gold="7", record=told(near=True, word="near")),
        prediction("b", "9", gold="3", record=told(near=0.25, word="far")),
        prediction("c", "9", gold="3"),
        prediction("d", "9", missing="lost", record=told(near=1.0)),
    ]
    scorer = Lenient(sums)
    near, word = agreement(scorer, given, [scorer.score(each) for each in given])
    assert (near.metric, near.compared, near.agreeing, near.differing) == ("near", 2, 1, {"b": "made"})
    assert near.kinds == {"made": 1}
    assert (word.metric, word.compared, word.agreeing) == ("word", 2, 2)
    with pytest.raises(DataError, match="no row that was scored has verdicts to compare with"):
        agreement(scorer, given[2:], [scorer.score(each) for each in given[2:]])


@pytest.mark.parametrize("name", names("tasks"))
def test_every_registered_task_names_a_scorer_that_can_be_imported(name: str) -> None:
    cls = load("tasks", name)
    assert isinstance(scorer_of(cls()), Scorer)
