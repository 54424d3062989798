"""Scoring files of predictions: rows and their verdicts, and what a task may bring of its own.

A task names its scorer in `Task.scorer`. This one does for any task: it finds the item that a prediction
answers and asks `Task.score`. A subclass adds how a reference in the row itself is used (`against`), the
forms of files that the benchmark's own program takes (`formats`), and figures over a whole file (`summary`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from msgspec import UNSET, Struct, UnsetType

from mas2_env.errors import DataError
from mas2_env.plugins import find_item, import_object, take_item
from mas2_env.records import Records, read_loose
from mas2_env.task import Item, Task


class Prediction(Struct, frozen=True, kw_only=True):
    """One prediction of a file.

    Attributes:
        id: what its row is called in the result, as it was given.
        answer: what was predicted, a text or what else the task takes; None where there is no answer.
        place: where it stands, for messages.
        item: id of the item it answers; with a reference, what tells the items of a file apart.
        gold: the reference that came with it.
        missing: why its item is not known, in which case it is not scored.
        record: all that stood in its row, for forms of a task's own.
    """

    id: str | int
    answer: Any
    place: str
    item: str = ""
    gold: Any = UNSET
    missing: str = ""
    record: Any = None


class Marks(Struct, frozen=True):
    """A verdict: the official primary metric as yes or no, and all official metrics by name."""

    success: bool
    metrics: dict[str, float | str]


class Row(Struct, frozen=True):
    """What is reported of a prediction; `success` is None and `error` says why where it was not scored."""

    id: str | int
    success: bool | None
    metrics: dict[str, float | str]
    error: str | UnsetType = UNSET


class Format(Struct, frozen=True):
    """A form that files of predictions have.

    Attributes:
        name: for `--format`.
        title: what is in such a file, in a few words.
        fits: whether a file's first record is of this form; False where that cannot be told.
        read: the predictions of a file, in order.

    `read` raises `DataError` with the place of what is not of the form.
    """

    name: str
    title: str
    fits: Callable[[Any], bool]
    read: Callable[[Records[Any], "Scorer"], list[Prediction]]


class Scorer:
    """Scores the predictions of a task's items.

    Args:
        task: bound to the items that predictions refer to.
    """

    formats: ClassVar[tuple[Format, ...]] = ()
    """Forms of files besides `rows`, which every task takes."""
    official: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Names of a metric in files of other programs' verdicts, where they are not its own."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def load(self, path: str) -> Records[Any]:
        """The records of a file, before its form is known; a folder of files, say, for a task that takes one.

        Raises:
            DataError: if it cannot be read.
        """
        return read_loose(path)

    def score(self, prediction: Prediction) -> Row:
        """The verdict on one prediction. May block, as `Task.score` may.

        Raises:
            DataError: if the answer or its reference is not of a form that the task takes.
            Breakdown: if scoring itself fails.
        """
        if prediction.missing:
            return Row(prediction.id, None, {}, prediction.missing)
        if prediction.gold is not UNSET:
            return self._row(prediction, lambda: self.against(prediction.gold, prediction.answer))
        try:
            item = find_item(self.task, prediction.item)
        except DataError as error:
            return Row(prediction.id, None, {}, f"{error}{self.hint}")
        return self._row(prediction, lambda: self.on(item, prediction.answer))

    def _row(self, prediction: Prediction, decide: Callable[[], Marks]) -> Row:
        try:
            marks = decide()
        except DataError as error:
            raise DataError(f"{prediction.place}: {error}") from None
        return Row(prediction.id, marks.success, marks.metrics)

    @property
    def hint(self) -> str:
        """What to do about an item that is not there."""
        return (
            ""
            if self.task.source != "procedural"
            else "; --data PATH names the items that predictions refer to"
        )

    def against(self, gold: Any, answer: Any) -> Marks:
        """The verdict on an answer by a reference that came with it."""
        raise DataError(
            f"{self.task.name} is not scored by a `gold` in the row; leave it out and name the item by its id"
        )

    def on(self, item: Item, answer: Any) -> Marks:
        """The verdict on an answer to an item."""
        score = self.task.score(item, None if answer is None else text(answer))
        return Marks(score.success, dict(score.metrics))

    def gold_of(self, record: Any) -> Any:
        """The reference in a published record of the data set; UNSET where it is not known how to find it."""
        return UNSET

    def summary(self, predictions: Sequence[Prediction], rows: Sequence[Row]) -> dict[str, float]:
        """Figures over all scored rows, counts as integers: the mean of each metric that is a number."""
        return means(rows)

    @cached_property
    def queries(self) -> dict[str, str]:
        """Id of the first item that poses each query, white space joined.

        Raises:
            DataError: if the items never end, so that they cannot be gone through.
        """
        found: dict[str, str] = {}
        for item in self.items("predictions name their items by what they ask"):
            found.setdefault(_joined(item.query), item.id)
        return found

    def known(self, query: str) -> str | None:
        """Id of the item that poses a query; white space makes no difference."""
        return self.queries.get(_joined(query))

    def items(self, why: str) -> Iterable[Item]:
        """All items, in order.

        Raises:
            DataError: if they never end; `why` says what they are needed for.
        """
        size = self.task.size
        if size is None:
            raise DataError(f"{why}, so the items are needed: give --data PATH")
        return (take_item(self.task, index) for index in range(size))


def scorer_of(task: Task) -> Scorer:
    """The scorer that a task names, made for it.

    Raises:
        PluginError: if it cannot be imported.
        DataError: if it is no `Scorer`.
    """
    cls = import_object(task.scorer, f"scorer of {task.name}")
    if not (isinstance(cls, type) and issubclass(cls, Scorer)):
        raise DataError(f"{task.name}: {task.scorer} is {cls!r}, expected a subclass of {__name__}.Scorer")
    return cls(task)


def means(rows: Sequence[Row]) -> dict[str, float]:
    """Mean of each numeric metric over the rows that have it, in order of first appearance."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.metrics.items():
            if not isinstance(value, str):
                values.setdefault(name, []).append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}


def text(answer: Any) -> str:
    """The answer, if it is a text.

    Raises:
        DataError: if it is something else.
    """
    if not isinstance(answer, str):
        raise DataError(f"expected a string as the prediction, got {kind(answer)}")
    return answer


def kind(value: Any) -> str:
    """What a JSON value is, for messages."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _joined(query: str) -> str:
    return " ".join(query.split())
