"""What a task must keep so that its environments work: problems of a task, in words."""

import pickle
from collections.abc import Iterator
from typing import Any

from mas2_env.task import Item, Task

_ITEMS = 3


def task_problems(task: Task) -> Iterator[str]:
    """Every promise of `mas2_env.task.Task` that a task breaks on its first items."""
    count = _ITEMS if task.size is None else min(_ITEMS, task.size)
    if count < 1:
        yield f"task {task.name}: it has no items"
    if not task.digest:
        yield f"task {task.name}: `digest` is empty, expected a SHA-256 of the data"
    twin = pickle.loads(pickle.dumps(task))
    for index in range(count):
        item = task.item(index)
        where = f"task {task.name}: item {index} ({item.id})"
        for other, how in ((task.item(index), "asked for again"), (twin.item(index), "of the pickled task")):
            if (other.id, other.query, other.truth) != (item.id, item.query, item.truth):
                yield f"{where}: is another one when {how}"
        if task.find(item.id).query != item.query:
            yield f"{where}: find({item.id!r}) gives another item"
        yield from _scoring(task, item, where)


def _scoring(task: Task, item: Item, where: str) -> Iterator[str]:
    truth = item.truth
    if not task.score(item, truth.answer).success:
        yield f"{where}: the scorer refuses the true answer {truth.answer[:60]!r}"
    if task.score(item, None).success:
        yield f"{where}: the scorer accepts no answer at all"
    if not truth.distractors:
        yield f"{where}: truth.distractors is empty, expected at least one wrong answer"
    for answer in (truth.answer, *truth.distractors[:2]):
        for draw in (0, 2**31, 2**32 - 1):
            found = task.extract(task.reply(item, answer, draw))
            if found is None or task.meaning(found) != task.meaning(answer):
                yield (
                    f"{where}: extract(reply(item, answer, {draw})) gives {_short(found)} "
                    f"for the answer {_short(answer)}"
                )
                return


def hidden_strings(item: Item) -> set[str]:
    """Texts of an item's truth that are long enough to be told from chance, and not part of its query."""
    truth = item.truth
    found = set(_strings((truth.answer, truth.evidence, truth.steps, truth.gold)))
    return {text for text in found if len(text) >= 12 and text not in item.query}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _strings(part)


def _short(text: str | None) -> str:
    return "none" if text is None else repr(text[:60])
