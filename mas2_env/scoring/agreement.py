"""How far our verdicts agree with those that another program gave, which stand in the rows as `official`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.scoring.scorer import Prediction, Row, Scorer

TOLERANCE = 1e-9
"""Largest difference of two numbers that agree."""


class Agreement(Struct, frozen=True):
    """How one metric compares over a file.

    Attributes:
        metric: our name of it.
        official: the key under `official` of each row.
        compared: rows that have both.
        agreeing: rows where both are the same: words exactly, numbers to 1e-9.
        differing: ids of the other rows, each with the row's `kind` where it has one.
    """

    metric: str
    official: str
    compared: int
    agreeing: int
    differing: dict[str, str]

    @property
    def kinds(self) -> dict[str, int]:
        """The rows that differ, counted by kind."""
        return dict(Counter(self.differing.values()))


def agreement(scorer: Scorer, predictions: Sequence[Prediction], rows: Sequence[Row]) -> list[Agreement]:
    """The agreement metric by metric, in order of first appearance; rows not scored are left out.

    Raises:
        DataError: if no row that was scored has a verdict to compare with.
    """
    found: dict[tuple[str, str], list[tuple[str, str, bool]]] = {}
    for prediction, row in zip(predictions, rows, strict=True):
        record = prediction.record if isinstance(prediction.record, dict) else {}
        verdicts = record.get("official")
        if row.success is None or not isinstance(verdicts, dict):
            continue
        kind = str(record.get("kind", ""))
        for metric, value in row.metrics.items():
            for key in scorer.official.get(metric, (metric,)):
                if key in verdicts:
                    found.setdefault((metric, key), []).append(
                        (str(row.id), kind, _same(value, verdicts[key]))
                    )
    if not found:
        raise DataError(
            f"{scorer.task.name}: no row that was scored has verdicts to compare with; expected an object "
            "`official` in each, with the verdict by metric"
        )
    return [
        Agreement(
            metric=metric,
            official=key,
            compared=len(told),
            agreeing=sum(same for _, _, same in told),
            differing={name: kind for name, kind, same in told if not same},
        )
        for (metric, key), told in found.items()
    ]


def _same(ours: float | str, theirs: Any) -> bool:
    if isinstance(ours, str) or not isinstance(theirs, int | float):
        return bool(ours == theirs)
    return abs(ours - theirs) <= TOLERANCE
