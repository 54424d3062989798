"""How varied the items of a task are: skeletons, n-grams seen before, and what looking templates up gains.

`python -m mas2_tasks.variety --items 2000` prints a table for the procedural items of every task, and with
`--data gsm8k=test.jsonl` a second row for the published items, measured on samples of the same size.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from importlib.metadata import entry_points
from math import log
from typing import Any

from msgspec import Struct, structs

from mas2_env.task import Item, Task
from mas2_env.tools.calculator import call_calculator

RARE = 0.005
"""Words of a smaller share of the items than this are masked in skeletons, with numbers and names."""
TYPES_OF = 5_000
"""Tokens of which the distinct ones are counted."""
TESTED = 0.2
"""Items held out, as a share of those that are looked at."""
NEAR = 3
"""Length of the n-grams by which a neighbour is found."""
SHORTEST = 8

_TOKEN = re.compile(r"[A-Za-z]+(?:['_][A-Za-z]+)*|\d[\d,]*(?:\.\d+)?|\\[a-zA-Z]+")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_CAPITAL = re.compile(r"(?<![.?!:\n] )(?<!^)(?<![\"'\n])\b[A-Z][a-z]+")


class Variety(Struct, frozen=True):
    """Figures of one sample; shares are in [0, 1].

    Attributes:
        task: name of the task, with its source.
        items: items that were looked at.
        repeated: items whose query another one has already.
        skeletons: distinct queries per 1,000 items once numbers, names and rare words are masked.
        types: distinct tokens among the first 5,000.
        length: mean tokens of a query.
        five: share of the 5-grams of held-out queries that stand in the others.
        eight: the same of 8-grams.
        copied: held-out items that the answer of the nearest other one gets right.
        carried: held-out items that the nearest other one's way to its answer gets right.
    """

    task: str
    items: int
    repeated: int
    skeletons: float
    types: int
    length: float
    five: float
    eight: float
    copied: float
    carried: float


def tokens(text: str) -> list[str]:
    """Words, numbers and LaTeX commands, in lower case."""
    return [found.lower() for found in _TOKEN.findall(text)]


def skeletons(queries: Sequence[str]) -> list[str]:
    """The queries with numbers as `#`, and names and rare words as `_`; runs of either count as one."""
    split = [tokens(_CAPITAL.sub("Xx", query)) for query in queries]
    spread = Counter(word for words in split for word in set(words))
    least = max(2.0, RARE * len(queries))
    masked = []
    for words in split:
        plain: list[str] = []
        for word in words:
            seen = "#" if word[0].isdigit() else "_" if word == "xx" or spread[word] < least else word
            if not plain or seen != plain[-1] or seen not in "#_":
                plain.append(seen)
        masked.append(" ".join(plain))
    return masked


def grams(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """All n-grams of that size, in order."""
    return [tuple(words[place : place + size]) for place in range(len(words) - size + 1)]


def overlap(known: Sequence[Sequence[str]], held_out: Sequence[Sequence[str]], size: int) -> float:
    """The share of the n-grams of the held-out texts that occur in the known ones."""
    there = {gram for words in known for gram in grams(words, size)}
    found = [gram in there for words in held_out for gram in grams(words, size)]
    return sum(found) / len(found) if found else 0.0


class Neighbours:
    """Finds the known text that shares most with another one: the sum of its n-grams' weights, by length."""

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self.holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.count = len(texts)
        for place, words in enumerate(texts):
            for gram in set(self._grams(words)):
                self.holders[gram].append(place)
        self.sizes = [max(1, len(set(self._grams(words)))) for words in texts]

    def _grams(self, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
        masked = ["#" if word[0].isdigit() else word for word in words]
        for size in range(1, NEAR + 1):
            yield from grams(masked, size)

    def nearest(self, words: Sequence[str]) -> int:
        """Index of the nearest text; the first where none shares anything."""
        scores: dict[int, float] = defaultdict(float)
        for gram in set(self._grams(words)):
            holders = self.holders.get(gram, ())
            for place in holders:
                scores[place] += log(1 + self.count / len(holders))
        return max(scores, key=lambda place: (scores[place] / self.sizes[place] ** 0.5, -place), default=0)


def carry(near: Item, item: Item) -> str:
    """What the neighbour's way to its answer gives for the item.

    Where the neighbour's answer is derived by calculations, these are made with the item's own numbers, which
    take the places of the neighbour's by their order. Where it stands in the neighbour's query, the same
    place of the item's query is read. Otherwise it is copied.
    """
    calculated = getattr(near.truth.gold, "calculations", ())
    if calculated and near.truth.answer.lstrip("-").isdigit():
        return _recalculated(near, item, calculated)
    names, other = _CAPITAL.findall(near.query), _CAPITAL.findall(item.query)
    last = near.truth.answer.split()[-1:]
    if last and last[0] in names and len(other) == len(names):
        start = names.index(last[0]) + 1 - len(near.truth.answer.split())
        return " ".join(other[max(0, start) : names.index(last[0]) + 1])
    return near.truth.answer


def _recalculated(near: Item, item: Item, calculated: Iterable[str]) -> str:
    """The neighbour's calculations with the item's numbers."""
    theirs, ours = (_NUMBER.findall(text.replace(",", "")) for text in (near.query, item.query))
    swapped = dict(zip(reversed(theirs), reversed(ours[: len(theirs)]), strict=False)) if ours else {}
    value = ""
    for expression in calculated:
        before = call_calculator({"expression": expression})
        asked = _NUMBER.sub(lambda found: swapped.get(found[0], found[0]), expression)
        value = call_calculator({"expression": asked})
        if not _is_number(value):
            return near.truth.answer
        if _is_number(before):
            swapped[before] = value
    return value


def _is_number(text: str) -> bool:
    try:
        Fraction(text)
    except (ValueError, ZeroDivisionError):
        return False
    return True


def measure(task: Task, items: Sequence[Item], label: str = "") -> Variety:
    """All figures of a sample; the last fifth of it is held out."""
    queries = [item.query for item in items]
    split = [tokens(query) for query in queries]
    cut = len(items) - max(1, round(TESTED * len(items)))
    known, held_out = split[:cut], split[cut:]
    near = Neighbours(known)
    copied = carried = 0
    for item, words in zip(items[cut:], held_out, strict=True):
        other = items[near.nearest(words)]
        accepted = {task.canonical(item.truth.answer)}
        copied += task.canonical(other.truth.answer) in accepted
        carried += task.canonical(carry(other, item)) in accepted
    flat = [word for words in split for word in words][:TYPES_OF]
    return Variety(
        task=label or f"{task.name} {task.source}",
        items=len(items),
        repeated=len(items) - len(set(queries)),
        skeletons=1000 * len(set(skeletons(queries))) / len(items),
        types=len(set(flat)),
        length=sum(map(len, split)) / len(split),
        five=overlap(known, held_out, 5),
        eight=overlap(known, held_out, SHORTEST),
        copied=copied / len(held_out),
        carried=carried / len(held_out),
    )


def table(rows: Sequence[Variety]) -> str:
    """The figures as Markdown."""
    head = (
        "| items of | items | repeated | skeletons per 1,000 | types in 5,000 tokens | tokens a query "
        "| 5-grams seen | 8-grams seen | answer copied | way carried over |\n"
        "| --- " + "| --- " * 9 + "|"
    )
    lines = [
        f"| {row.task} | {row.items:,} | {row.repeated} | {row.skeletons:.0f} | {row.types:,} "
        f"| {row.length:.0f} | {row.five:.1%} | {row.eight:.1%} | {row.copied:.1%} | {row.carried:.1%} |"
        for row in rows
    ]
    return "\n".join((head, *lines))


def rows_of(name: str, items: int, seed: int, data: str | None) -> Iterator[Variety]:
    """The procedural items, and where a file is given, its items beside as many procedural ones."""
    kinds: dict[str, Any] = {point.name: point for point in entry_points(group="mas2.tasks")}
    cls = kinds[name].load()
    made = cls(seed=seed)
    yield measure(made, [made.item(index) for index in range(items)])
    if data is not None:
        real = cls("file", data)
        count = min(items, real.size)
        yield measure(real, [real.item(index) for index in range(count)])
        if count < items:
            yield measure(made, [made.item(index) for index in range(count)], f"{made.name} procedural")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    names = sorted(point.name for point in entry_points(group="mas2.tasks"))
    parser = argparse.ArgumentParser(prog="python -m mas2_tasks.variety", description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="tasks to look at (default: all)")
    parser.add_argument("--items", type=int, default=2000, help="items of each task")
    parser.add_argument("--seed", type=int, default=0, help="seed of the procedural items")
    parser.add_argument("--data", action="append", default=[], metavar="TASK=PATH", help="a published file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    files = dict(pair.split("=", 1) for pair in given.data)
    for name in (*given.tasks, *files):
        if name not in names:
            parser.error(f"there is no task {name!r}; there are {', '.join(names)}")
    rows = [
        row
        for name in given.tasks or names
        for row in rows_of(name, given.items, given.seed, files.get(name))
    ]
    print(json.dumps([structs.asdict(row) for row in rows]) if given.json else table(rows))


if __name__ == "__main__":
    main()
