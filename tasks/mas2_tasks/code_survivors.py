"""Mutants that pass the tests: changed programs that are right all the same, or that no test catches.

They are no wrong answers, so `code_mutants` leaves them out. Those of the published files were found by
running them; `survivors.txt` holds the beginnings of their hashes. What it must hold so that other data are
covered too is printed by `python -m mas2_tasks.code_survivors TASK=PATH`.
"""

import argparse
import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

WORKERS = 2
LENGTH = 12


def mark(entry: str, text: str) -> str:
    """What stands for a mutant of the function `entry`."""
    return hashlib.sha256(f"{entry}\n{text}".encode()).hexdigest()[:LENGTH]


@cache
def survivors() -> set[str]:
    """Marks of the mutants that are known to pass."""
    return set(files("mas2_tasks").joinpath("survivors.txt").read_text(encoding="ascii").split())


def wrong(entry: str, texts: Iterable[str]) -> list[str]:
    """The mutants that are not known to pass."""
    known = survivors()
    return [text for text in texts if mark(entry, text) not in known]


def find(name: str, path: str) -> set[str]:
    """Marks of the mutants of a file's items that pass, until all that are left fail."""
    cls: Any = {point.name: point for point in entry_points(group="mas2.tasks")}[name].load()
    found: set[str] = set()
    left = list(range(cls("file", path).size))
    with ThreadPoolExecutor(WORKERS) as pool:
        while left:
            task = cls("file", path)
            passing = list(pool.map(lambda index, task=task: _passing(task, index), left))
            new = {one for marks in passing for one in marks}
            found |= new
            survivors().update(new)
            left = [index for index, marks in zip(left, passing, strict=True) if marks]
    return found


def _passing(task: Any, index: int) -> list[str]:
    item = task.item(index)
    entry = task.entry(item)
    return [mark(entry, text) for text in item.truth.distractors if task.score(item, text).success]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m mas2_tasks.code_survivors", description=__doc__)
    parser.add_argument(
        "data", nargs="+", metavar="TASK=PATH", help="humaneval or mbpp, and a published file"
    )
    for pair in parser.parse_args(arguments).data:
        name, _, path = pair.partition("=")
        if name not in ("humaneval", "mbpp") or not path:
            parser.error(f"give humaneval=PATH or mbpp=PATH, not {pair!r}")
        find(name, path)
    print("\n".join(sorted(survivors())))


if __name__ == "__main__":
    from mas2_tasks import code_survivors  # the one that `code_mutants` looks at

    code_survivors.main()
