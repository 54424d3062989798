"""Splits of the hub as local files in the official schema, each with a note of what it is.

A split is fetched once and kept in the cache as zipped JSON Lines beside a lock, `<split>.lock.json`, with
the commit and the SHA-256 of the rows. Later loads need neither network nor `datasets`, and data that are no
longer what the lock says are an error.
"""

import fcntl
import gzip
import hashlib
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mas2_env import cache
from mas2_env.errors import DataError
from mas2_tasks.hub import HubSet, Official, named, resolve_revision, stream_rows


class Lock(Struct, frozen=True):
    """What a stored split is.

    Attributes:
        repository: on the hub.
        config: the table.
        split: as the hub names it.
        revision: the commit; of a mirror, `mirror:` and the SHA-256 of its files.
        columns: in order.
        rows: their number.
        sha256: of the rows as JSON Lines.
        file_sha256: of the zipped file.
    """

    repository: str
    config: str
    split: str
    revision: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    file_sha256: str


class Store(Struct, frozen=True):
    """The stored splits of a data set, or of a mirror of it."""

    data: HubSet
    mirror: str | None = None

    @property
    def folder(self) -> Path:
        """Where its splits are kept."""
        place = (self.data.repository.replace("/", "--"), self.data.config)
        if self.mirror is not None:
            name = f"mirror-{_mirror_digest(self.mirror)[:16]}"
        else:
            name = self.data.revision or "unpinned"
        return cache.folder("hub").joinpath(*place, name)

    def path(self, split: str) -> Path:
        """The file of a split."""
        return self.folder / f"{split}.jsonl.gz"

    def lock(self, split: str) -> Lock | None:
        """What is known of a stored split; None if it was never fetched, or with other columns.

        Raises:
            DataError: if the note cannot be read.
        """
        path = self.folder / f"{split}.lock.json"
        try:
            lock = msgspec.json.decode(path.read_bytes(), type=Lock)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read: {error}; delete it and fetch the data again") from None
        return lock if lock.columns == self.data.columns else None

    def ensure(self, official: Official) -> Lock:
        """The split's note, after fetching the split if it is not here.

        Raises:
            DataError: if it cannot be fetched, or is not what it was or should be.
        """
        lock = self.lock(official.name)
        if lock is not None and self.path(official.name).is_file():
            return lock
        return self._fetch(official)

    def revision(self) -> str:
        """The commit that is read; of an unpinned data set, the one that its first fetched split has.

        Raises:
            DataError: if it has to be asked of the hub, which cannot be reached.
        """
        if self.mirror is not None:
            return f"mirror:{_mirror_digest(self.mirror)}"
        for official in self.data.splits:
            lock = self.lock(official.name)
            if lock is not None:
                return lock.revision
        return resolve_revision(self.data)

    def _fetch(self, official: Official) -> Lock:
        revision, name = self.revision(), official.name
        part = self.folder / f".{name}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f".{name}.wait").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                old = self.lock(name)
                if old is not None and self.path(name).is_file():  # somebody else fetched it meanwhile
                    return old
                try:
                    lock = self._written(official, revision, part)
                    self._compare(official, lock, old)
                    os.replace(part, self.path(name))
                    part.write_bytes(msgspec.json.format(msgspec.json.encode(lock), indent=2) + b"\n")
                    os.replace(part, self.folder / f"{name}.lock.json")
                finally:
                    part.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"{self.folder}: cannot be written: {error.strerror or error}") from None
        return lock

    def _written(self, official: Official, revision: str, part: Path) -> Lock:
        data, name = self.data, official.name
        count, content = write_rows(part, stream_rows(data, name, revision, self.mirror))
        with part.open("rb") as stored:
            digest = hashlib.file_digest(stored, "sha256").hexdigest()
        return Lock(data.repository, data.config, name, revision, data.columns, count, content, digest)

    def _compare(self, official: Official, lock: Lock, old: Lock | None) -> None:
        place = named(self.data, lock.revision, official.name, self.mirror)
        if self.mirror is None and self.data.revision and lock.rows != official.rows:
            raise DataError(f"{place}: has {lock.rows} rows, expected {official.rows} at this revision")
        if lock.rows == 0:
            raise DataError(f"{place}: has no rows")
        if old is not None and old.revision == lock.revision and old.sha256 != lock.sha256:
            raise DataError(
                f"{place}: its rows have the SHA-256 {lock.sha256[:12]}…, and had {old.sha256[:12]}… when "
                f"they were first fetched; if that is right, delete {self.folder}"
            )


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> tuple[int, str]:
    """Write rows as zipped JSON Lines, the same bytes for the same rows.

    Returns:
        The number of rows, and the SHA-256 of the lines before they are zipped.
    """
    count, content = 0, hashlib.sha256()
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 3, raw, mtime=0) as file:
        for row in rows:
            line = msgspec.json.encode(row) + b"\n"
            content.update(line)
            file.write(line)
            count += 1
    return count, content.hexdigest()


def _mirror_digest(mirror: str) -> str:
    folder = Path(mirror)
    if not (folder / "README.md").is_file():
        what = "has no README.md" if folder.is_dir() else "is no folder"
        raise DataError(f"{mirror}: {what}; a mirror is a folder in the hub's layout, with a README.md")
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts)
        stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
        return _hash_files(mirror, tuple([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]))
    except OSError as error:
        raise DataError(f"{error.filename or mirror}: cannot be read: {error.strerror or error}") from None


@lru_cache(maxsize=32)
def _hash_files(mirror: str, files: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    for name, _, _ in files:
        with (Path(mirror) / name).open("rb") as file:
            whole.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
