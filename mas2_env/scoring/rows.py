"""Files of predictions: telling which form one has, and reading the form that every task takes."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean
from mas2_env.records import Records
from mas2_env.scoring.scorer import Format, Prediction, Scorer


class _Record(Struct, frozen=True):
    """A row of the form that every task takes."""

    id: str | int | UnsetType = UNSET
    task_id: str | int | UnsetType = UNSET
    prediction: Any = UNSET
    gold: Any = UNSET


def _is_row(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and "prediction" in record
        and not record.keys().isdisjoint(("id", "task_id"))
    )


def read_rows(records: Records[Any], scorer: Scorer) -> list[Prediction]:
    """Predictions of rows `{"id", "prediction"}` with `gold`, `task_id`, or the item's own id as `id`.

    Raises:
        DataError: at the first row that is not one, or whose id another row has.
    """
    found: list[Prediction] = []
    for index, record in enumerate(records.rows):
        found.append(_prediction(record, records.place(index)))
    records.unique(
        [str(each.id) if each.id != "" else f"\0{index}" for index, each in enumerate(found)], "id"
    )
    return numbered(found)


def _prediction(record: Any, place: str) -> Prediction:
    try:
        row = msgspec.convert(record, _Record)
    except msgspec.ValidationError as error:
        raise DataError(f"{place}: {error}") from None
    if row.prediction is UNSET:
        raise DataError(
            f"{place}: no `prediction`; a row has an id, a prediction, and a gold or its item's id"
        )
    gold = UNSET if row.gold is None else row.gold
    named = row.task_id
    if isinstance(gold, dict) and gold.keys() == {"task_id"}:  # it names the item: no reference answer
        named, gold = gold["task_id"] if named is UNSET else named, UNSET
    item = row.id if named is UNSET else named
    if item is UNSET:
        raise DataError(f"{place}: neither `id` nor `task_id`; one of them names the row")
    return Prediction(
        id="" if row.id is UNSET else row.id,
        answer=row.prediction,
        place=place,
        item=str(item),
        gold=gold,
        record=record,
    )


def numbered(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The predictions with ids for those that have none: their item's, numbered where it has several."""
    total: dict[str, int] = {}
    for each in predictions:
        total[each.item] = total.get(each.item, 0) + 1
    seen: dict[str, int] = {}
    found = []
    for each in predictions:
        seen[each.item] = seen.get(each.item, 0) + 1
        name = f"{each.item}#{seen[each.item]}" if total[each.item] > 1 else each.item
        found.append(each if each.id != "" else msgspec.structs.replace(each, id=name))
    return found


ROWS = Format("rows", "id, prediction, and gold or the item's id", _is_row, read_rows)


def recognise(records: Records[Any], scorer: Scorer, name: str | None = None) -> Format:
    """The form of a file: the one asked for, else the only one that its first record fits.

    Raises:
        DataError: if none or several fit, or there is none of the name.
    """
    formats = {each.name: each for each in (ROWS, *scorer.formats)}
    listed = "; ".join(f"{each.name} ({each.title})" for each in formats.values())
    if name is not None:
        if name not in formats:
            near = did_you_mean(name, formats)
            raise DataError(f"{scorer.task.name} has no format {name!r}{near or '.'} There are {listed}")
        return formats[name]
    fitting = [each for each in formats.values() if each.fits(records.rows[0])]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " and ".join(each.name for each in fitting)
        raise DataError(f"{records.place(0)}: may be {names}; say which with --format")
    raise DataError(f"{records.place(0)}: is not of a form that {scorer.task.name} is scored from: {listed}")
