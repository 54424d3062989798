"""Answers that are kept, in one SQLite file that any number of processes may share.

An answer is kept under a digest of everything that shapes it: the model and its parameters, the messages, the
tools and the schema, and which sample it is. So a changed prompt is another answer, and samples of one prompt
are never taken for each other. SQLite's write-ahead log (https://sqlite.org/wal.html) lets readers and a
writer work at once, and a kill at any moment leaves whole answers.
"""

import sqlite3
import threading
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.backends.prompt import Label, Prompt, wire_messages, wire_tools
from mas2_env.errors import RecordError
from mas2_env.execution.operation import Failure, Reply
from mas2_env.wal import write_ahead

FORMAT: Final = 1
_WAIT_SECONDS: Final = 60.0
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY, call BLOB, model TEXT, operation TEXT, query TEXT,
    parameters BLOB, messages BLOB, broken INTEGER, answer BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls ON answers (call);
"""
_encode = msgspec.json.Encoder(order="sorted").encode


class Kept(Struct, frozen=True, omit_defaults=True):
    """A kept answer: one of the three, and who gave it."""

    reply: Reply | None = None
    failure: Failure | None = None
    breakdown: str | None = None


class Identity(Struct, frozen=True):
    """What an answer is kept under.

    Attributes:
        key: digest of all that shapes the answer.
        call: digest of the operation that asked, whatever it was told.
        parameters: digest of the model's name and parameters.
        messages: digest of messages, tools and schema.
    """

    key: bytes
    call: bytes
    parameters: bytes
    messages: bytes


def identify(prompt: Prompt, parameters: dict[str, Any]) -> Identity:
    """The identity of a request under a model's parameters."""
    said = [wire_messages(prompt.messages), wire_tools(prompt.tools), prompt.closed, prompt.schema]
    label = prompt.label
    ours = _digest([prompt.backbone, parameters])
    messages = _digest(said)
    return Identity(
        key=_digest([ours.hex(), messages.hex(), prompt.sample]),
        call=prompt.key or _digest([label.query, label.role, label.operation, label.attempt, prompt.sample]),
        parameters=ours,
        messages=messages,
    )


def _digest(data: Any) -> bytes:
    return blake2b(_encode(data), digest_size=16).digest()


class Store:
    """A file of kept answers.

    Args:
        path: the file; made if it is not there and writing is asked for.
        read_only: whether nothing is ever written.

    Raises:
        RecordError: if it cannot be opened, or is no such file.
    """

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._lock = threading.Lock()
        self._decoder = msgspec.json.Decoder(Kept)
        if read_only and not self.path.is_file():
            raise RecordError(f"{self.path}: there is no such file")
        if not self.path.parent.is_dir():
            raise RecordError(
                f"{self.path}: there is no folder {self.path.parent} to keep it in; make it first"
            )
        try:
            self._db = sqlite3.connect(
                self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._open()
        except sqlite3.Error as error:
            raise RecordError(f"{self.path}: cannot be opened as a file of kept answers: {error}") from None

    def _open(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise RecordError(f"{self.path}: is of format {version}, expected {FORMAT}")
        if self.read_only:
            self._db.execute("SELECT 1 FROM answers LIMIT 1")
            return
        write_ahead(self._db, _WAIT_SECONDS)
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLE)
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def __reduce__(self) -> tuple[type["Store"], tuple[Path, bool]]:
        return (type(self), (self.path, self.read_only))

    def get(self, identity: Identity) -> Kept | None:
        """The answer that is kept, if there is one."""
        row = self._run("SELECT answer FROM answers WHERE key = ?", (identity.key,))
        try:
            return self._decoder.decode(row[0]) if row is not None else None
        except msgspec.DecodeError as error:
            raise RecordError(f"{self.path}: holds an answer that cannot be read: {error}") from None

    def put(self, identity: Identity, prompt: Prompt, kept: Kept) -> Kept:
        """Keep an answer, unless another process kept one in the meantime. Returns the one that is kept."""
        label = prompt.label
        self._run(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                identity.key,
                identity.call,
                prompt.backbone,
                label.operation,
                label.query,
                identity.parameters,
                identity.messages,
                kept.breakdown is not None,
                _encode(kept),
            ),
        )
        return self.get(identity) or kept

    def forget_breakdowns(self) -> None:
        """Forget calls that came to nothing because infrastructure failed: they are to be tried again."""
        self._run("DELETE FROM answers WHERE broken", ())

    def explain(self, identity: Identity, label: Label) -> str:
        """Why there is no answer: what has changed since the same operation, or one like it, was recorded."""
        row = self._run(
            "SELECT parameters, messages FROM answers WHERE call = ? "
            "ORDER BY (parameters = ?) + (messages = ?) DESC LIMIT 1",
            (identity.call, identity.parameters, identity.messages),
        )
        if row is None:
            alike = self._run(
                "SELECT 1 FROM answers WHERE operation = ? AND query = ? LIMIT 1",
                (label.operation, label.query),
            )
            if alike is None:
                return "no such operation was recorded"
            return (
                "one of that name was recorded, but its role (prompt, tools, backbone), what it is given, "
                "or the seed changed since"
            )
        changed = [
            what
            for what, old, new in (
                ("the model or its parameters", row[0], identity.parameters),
                ("its messages or tools", row[1], identity.messages),
            )
            if old != new
        ]
        return f"the operation was recorded, but {' and '.join(changed) or 'its sample'} changed since"

    def __len__(self) -> int:
        row = self._run("SELECT count(*) FROM answers", ())
        return int(row[0]) if row is not None else 0

    def close(self) -> None:
        """Let go of the file; the last to do so leaves it whole, without files beside it."""
        with self._lock:
            self._db.close()

    def _run(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            with self._lock:
                row: tuple[Any, ...] | None = self._db.execute(statement, values).fetchone()
                return row
        except sqlite3.Error as error:
            raise RecordError(f"{self.path}: {error}") from error


class Memory:
    """Answers that are kept in this process alone.

    Args:
        most: answers; when there are so many, all are forgotten.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._answers: dict[bytes, Kept] = {}
        self._lock = threading.Lock()

    def get(self, identity: Identity) -> Kept | None:
        """The answer that is kept, if there is one."""
        with self._lock:
            return self._answers.get(identity.key)

    def put(self, identity: Identity, prompt: Prompt, kept: Kept) -> Kept:
        """Keep an answer, unless one was kept in the meantime. Returns the one that is kept."""
        with self._lock:
            if len(self._answers) >= self._most and identity.key not in self._answers:
                self._answers.clear()
            return self._answers.setdefault(identity.key, kept)
