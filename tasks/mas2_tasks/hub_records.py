"""The records of a data set on the hub, and the split of each."""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import Records
from mas2_env.task import Fetched, SplitName
from mas2_tasks.hub import HubSet, Official, named
from mas2_tasks.hub_store import Lock, Store
from mas2_tasks.splits import Part, content_key, part_of_content, training_part

_NEEDED: dict[str, tuple[str, ...]] = {
    "test": ("test", "whole"),
    "validation": ("test", "validation", "training", "whole"),
}
_HELD_OUT_FIRST = ("test", "validation", "train", "training", "whole")


class HubRecords(Struct, frozen=True):
    """What was read for a split: it, and what has to be known to keep the others out of it.

    Attributes:
        records: of all official splits that were read, one after the other.
        names: their ids.
        parts: their splits.
        published: how many of them, the first, are not of a training set.
        left_out: training records whose text is also that of a held-out one; they are in no split.
        revision: the commit, or the mirror's digest.
    """

    records: Records[Any]
    names: tuple[str, ...]
    parts: tuple[Part, ...]
    published: int
    left_out: int
    revision: str


class Reading(Struct, frozen=True):
    """How a task reads its records: the methods of the task that do it."""

    load: Callable[[str], Records[Any]]
    ids: Callable[[Records[Any]], Sequence[str]]
    content: Callable[[Any], str]


def read_hub(store: Store, split: SplitName, reading: Reading) -> HubRecords:
    """Read the official splits that a split is made of, fetching those that are not in the cache.

    Raises:
        DataError: if one cannot be fetched, has changed, or holds a record that does not fit.
    """
    needed = _NEEDED.get(split, _HELD_OUT_FIRST)
    officials = [official for official in store.data.splits if official.part in needed]
    officials.sort(key=lambda official: _HELD_OUT_FIRST.index(official.part))
    locks = [store.ensure(official) for official in officials]
    if len({lock.revision for lock in locks}) > 1:
        raise DataError(
            f"{store.folder}: holds splits of different revisions; delete it and fetch them again"
        )
    rows: list[Any] = []
    lines: list[int] = []
    names: dict[str, None] = {}
    parts: list[Part] = []
    held_out: dict[bytes, str] = {}
    published = left_out = 0
    for official, lock in zip(officials, locks, strict=True):
        records = _read(store, official, lock, reading.load)
        ids = tuple(records.unique(reading.ids(records), "id"))
        for name, row, line in zip(ids, records.rows, records.lines, strict=True):
            text = reading.content(row)
            key = content_key(text)
            if held_out.get(key, official.part) != official.part:
                left_out += 1
                continue
            if official.part in ("test", "validation"):
                held_out[key] = official.part
            if name in names:
                raise DataError(f"{records.path}: row {line}: id {name!r} is already that of another split")
            names[name] = None
            rows.append(row)
            lines.append(line)
            parts.append(_part(official, text))
        published += len(ids) if official.part in ("test", "whole") else 0
    digest = hashlib.sha256("\n".join(f"{lock.split}:{lock.sha256}" for lock in locks).encode()).hexdigest()
    label = named(store.data, locks[0].revision, "+".join(lock.split for lock in locks), store.mirror)
    combined = Records(label, digest, tuple(rows), tuple(lines), "row")
    return HubRecords(combined, tuple(names), tuple(parts), published, left_out, locks[0].revision)


def _part(official: Official, text: str) -> Part:
    if official.part == "whole":
        return part_of_content(text)
    return training_part(text) if official.part == "training" else official.part


def _read(store: Store, official: Official, lock: Lock, load: Callable[[str], Records[Any]]) -> Records[Any]:
    path = str(store.path(official.name))
    label = named(store.data, lock.revision, official.name, store.mirror)
    try:
        records = load(path)
    except DataError as error:
        raise DataError(_at_row(str(error), path, label)) from None
    if records.digest != lock.file_sha256:
        raise DataError(
            f"{path}: is not what was fetched of {label}: its SHA-256 is {records.digest[:12]}…, expected "
            f"{lock.file_sha256[:12]}…; delete it and fetch the data again"
        )
    return msgspec.structs.replace(records, path=label, unit="row", split=official.ids or official.name)


def _at_row(message: str, path: str, label: str) -> str:
    """A message about the stored file as one about the split: its lines are the split's rows."""
    if not message.startswith(f"{path}: "):
        return message
    return f"{label}: " + re.sub(r"\bline (\d+)", r"row \1", message.removeprefix(f"{path}: "))


def fetch(data: HubSet, mirror: str | None = None, out: str | None = None) -> tuple[str, tuple[Fetched, ...]]:
    """Fetch all splits of a data set into the cache, and copy them to a folder if one is given.

    Returns:
        The revision, and the splits.

    Raises:
        DataError: if one cannot be fetched or written.
    """
    store = Store(data, mirror)
    if out is not None:
        _made(Path(out))  # before what may be a long download
    found: list[Fetched] = []
    for official in data.splits:
        lock, path = store.ensure(official), store.path(official.name)
        if out is not None:
            path = _copied(path, Path(out) / f"{data.repository.rpartition('/')[2]}-{official.name}.jsonl.gz")
        found.append(Fetched(official.name, lock.rows, lock.sha256, str(path)))
    return store.revision(), tuple(found)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _copied(source: Path, target: Path) -> Path:
    try:
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(source.read_bytes())
        part.replace(target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}") from None
    return target
