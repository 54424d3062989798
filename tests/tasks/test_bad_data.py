"""Whatever is wrong with a data file, every task says so in one message with file and line."""

import gzip
import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from mas2_tasks.sources import SourcedTask

from mas2_env.errors import DataError

CLASSES = [point.load() for point in entry_points(group="mas2.tasks")]
TASKS = [cls for cls in CLASSES if issubclass(cls, SourcedTask) and "file" in cls.sources()]
COUNT = 12


def lines(records: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(record, ensure_ascii=False).encode() for record in records]


def truncated(records: list[dict[str, Any]]) -> bytes:
    stored = gzip.compress(b"\n".join(lines(records)))
    return stored[: len(stored) - 9]


def wrong_schema(records: list[dict[str, Any]]) -> bytes:
    return b"\n".join([*lines(records[:3]), b'{"id": "3", "text": "of some other benchmark"}', b""])


def wrong_type(records: list[dict[str, Any]]) -> bytes:
    return b"\n".join(lines([*records[:3], dict.fromkeys(records[3], 1.5)]))


def mixed_encodings(records: list[dict[str, Any]]) -> bytes:
    found = lines(records)
    found[3] = found[3][:-1] + ', "note": "café"}'.encode("latin-1")
    return b"\n".join(found)


def not_a_number(records: list[dict[str, Any]]) -> bytes:
    found = lines(records)
    found[3] = found[3][:-1] + b', "score": NaN}'
    return b"\n".join(found)


def cut_off(records: list[dict[str, Any]]) -> bytes:
    return b"\n".join(lines(records)[:4])[:-5]


def half_a_letter(records: list[dict[str, Any]]) -> bytes:
    found = lines(records)
    found[3] = found[3][:-1] + b', "note": "\\ud83d"}'
    return b"\n".join(found)


def nothing(records: list[dict[str, Any]]) -> bytes:
    return b""


def bomb(records: list[dict[str, Any]]) -> bytes:
    return gzip.compress(lines(records)[0] + b"\n" + b" " * (65 << 20), 1)


FAULTS: list[tuple[Callable[[list[dict[str, Any]]], bytes], str]] = [
    (truncated, r"line \d+: the gzip data is truncated or damaged"),
    (wrong_schema, r"line 4: Object missing required field"),
    (wrong_type, r"line 4: Expected "),
    (mixed_encodings, r"line 4: not UTF-8"),
    (not_a_number, r"line 4: not a JSON object"),
    (cut_off, r"line 4: not a JSON object"),
    (half_a_letter, r"line 4: not a JSON object"),
    (nothing, r"holds no record"),
    (bomb, r"line 2: (is longer than 64 MiB|unzips to more than 200 times its size)"),
]


@pytest.fixture(scope="module", params=TASKS, ids=lambda cls: str(cls.name))
def records(request: pytest.FixtureRequest) -> tuple[Any, list[dict[str, Any]]]:
    """A task class, and records in its official form."""
    task = request.param()
    return request.param, [task.record(task.item(index)) for index in range(COUNT)]


@pytest.mark.parametrize(("spoil", "said"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_one_message_names_file_and_line(
    records: tuple[Any, list[dict[str, Any]]],
    tmp_path: Path,
    spoil: Callable[[list[dict[str, Any]]], bytes],
    said: str,
) -> None:
    cls, good = records
    path = tmp_path / "items.jsonl"
    path.write_bytes(spoil(good))
    for split in ("all", "test"):
        with pytest.raises(DataError, match=said) as error:
            cls("file", str(path), split=split)
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)


def test_a_folder_is_no_file(records: tuple[Any, list[dict[str, Any]]], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; give the path of a"):
        records[0]("file", str(tmp_path))


def test_ids_that_are_there_twice(records: tuple[Any, list[dict[str, Any]]], tmp_path: Path) -> None:
    """Where the data have ids; elsewhere the line is the id, and equal records are of one split."""
    cls, good = records
    path = tmp_path / "items.jsonl"
    path.write_bytes(b"\n".join(lines([*good, good[2]])))
    if any(field in good[0] for field in ("id", "task_id", "unique_id", "query_id")):
        with pytest.raises(DataError, match=rf"line {COUNT + 1}: id '.+' is already that of line 3"):
            cls("file", str(path))
    else:
        task = cls("file", str(path))
        part = next(split for split, size in task.splits.items() if split == part_of(task, COUNT))
        alone = cls("file", str(path), split=part)
        assert {task.item(2).id, task.item(COUNT).id} <= {alone.item(i).id for i in range(alone.size)}


def part_of(task: Any, index: int) -> str:
    """The split of an item, as its other splits' refusal says."""
    for split in ("train", "validation", "test"):
        try:
            type(task)(task.source, task.path, split=split).find(task.item(index).id)
        except DataError:
            continue
        return split
    raise AssertionError("an item is of no split")
