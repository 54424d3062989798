"""Verdicts remembered by content: some in memory, more on disk, shared by processes and runs."""

import contextlib
import os
import sqlite3
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mas2_env.wal import write_ahead

MOST_ON_DISK = 200_000
"""Verdicts kept on disk; the oldest go first."""
MOST_OUTPUT = 4_000
"""Characters of output from which a verdict is not kept on disk."""
CHECKED_EVERY = 1_000
"""Additions after which the number of those on disk is looked at."""
WAIT = 5.0
"""Seconds to wait for another process that writes."""


class Verdict(Struct, frozen=True):
    """How a program ended.

    Attributes:
        status: `passed` if code and test ran to their end; `timed out` also where the process died unheard.
        message: text of the exception, or the traceback's end where output was captured.
        output: what it printed, cut.
    """

    status: Literal["passed", "failed", "timed out"]
    message: str = ""
    output: str = ""


class Memory:
    """Verdicts of this process and, given a file, of all that share it. Thread-safe.

    A file that cannot be used is done without: it costs time, not verdicts. `timed out` is kept in memory
    alone, since it depends on the machine.

    Args:
        most: verdicts kept in memory.
        path: the file, made if need be.
    """

    def __init__(self, most: int, path: Path | None = None, most_on_disk: int = MOST_ON_DISK) -> None:
        self._most, self._most_on_disk = most, most_on_disk
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()
        self._path = path if most else None
        self._lock = threading.Lock()
        self._store: sqlite3.Connection | None = None
        self._added = 0

    def get(self, key: bytes) -> Verdict | None:
        """The verdict under a key, if any."""
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
            found = self._read(key)
            if found is not None:
                self._keep(key, found)
            return found

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Remember a verdict."""
        with self._lock:
            self._keep(key, verdict)
            if verdict.status != "timed out" and len(verdict.message) + len(verdict.output) <= MOST_OUTPUT:
                self._write(key, verdict)

    def _keep(self, key: bytes, verdict: Verdict) -> None:
        self._known[key] = verdict
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def _read(self, key: bytes) -> Verdict | None:
        store = self._opened()
        if store is None:
            return None
        try:
            row = store.execute(
                "SELECT status, message, output FROM verdicts WHERE key = ?", (key,)
            ).fetchone()
        except sqlite3.Error:
            self._give_up()
            return None
        if row is None or row[0] not in ("passed", "failed"):
            return None
        return Verdict(row[0], *(text.encode().decode("utf-8", "surrogatepass") for text in row[1:]))

    def _write(self, key: bytes, verdict: Verdict) -> None:
        store = self._opened()
        if store is None:
            return
        try:
            with store:
                store.execute(
                    "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)",
                    (key, verdict.status, verdict.message, verdict.output),
                )
                self._added += 1
                if self._added % CHECKED_EVERY == 1:
                    store.execute(
                        "DELETE FROM verdicts WHERE rowid <= (SELECT max(rowid) FROM verdicts) - ?",
                        (self._most_on_disk,),
                    )
        except (sqlite3.Error, UnicodeEncodeError) as error:
            if isinstance(error, sqlite3.Error):
                self._give_up()

    def _opened(self) -> sqlite3.Connection | None:
        if self._store is None and self._path is not None:
            try:
                store = sqlite3.connect(self._path, timeout=WAIT, check_same_thread=False)
                write_ahead(store, WAIT)
                with store:
                    store.execute("PRAGMA synchronous=OFF")
                    store.execute(
                        "CREATE TABLE IF NOT EXISTS verdicts "
                        "(key BLOB PRIMARY KEY, status TEXT, message TEXT, output TEXT)"
                    )
                self._store = store
            except sqlite3.Error:
                self._give_up()
        return self._store

    def _give_up(self) -> None:
        """Go on without the file."""
        if self._store is not None:
            with contextlib.suppress(sqlite3.Error):
                self._store.close()
        self._store = self._path = None

    def forked(self) -> "Memory":
        """What a forked child goes on with: a connection must not be used on both sides of a fork."""
        child = Memory(self._most, self._path, self._most_on_disk)
        _left_alone.append((os.getpid(), self._store))
        return child

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            path = self._path
            self._give_up()
            self._path = path


# Connections of parents, kept from being closed in their children, which would drop the parent's locks.
_left_alone: list[tuple[int, sqlite3.Connection | None]] = []
