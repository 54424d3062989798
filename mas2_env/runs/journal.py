"""The run folder: what is in it survives a kill at any moment.

    run.json          what the run consists of (`Facts`); replaced whole, never written in place
    episodes.jsonl    one line for each finished episode (`Record`), only ever appended to
    traces.jsonl.gz   with `traces`: one gzip member for each episode, written just before its line
    lock              held (`flock`) by the process that writes the folder
    report.html       made from the above

A line is handed to the operating system by one `write` on a descriptor opened for appending, so a killed
process leaves whole lines and at most one half line at the end; that is cut off when the run is resumed and
its episode is done again. The files are synced to the disk every `SYNC_SECONDS` and at the end: a power cut
costs the episodes since then, which a resumption does again.
"""

import gzip
import os
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from mas2_env.errors import RunError
from mas2_env.runs.record import FORMAT, Facts, Key, Record

SYNC_SECONDS = 2.0
_SCRATCH = {"lock", "run.json.part"}


class _TraceHead(msgspec.Struct, frozen=True):
    """First line of an episode's trace in `traces.jsonl.gz`."""

    policy: str
    task: str
    item: str
    seed: int


class Journal:
    """A run folder that is open for writing. Use `create` or `resume`, and close it.

    Attributes:
        folder: where it is.
        facts: what the run consists of.
        records: finished episodes by key, in the order of the file; of an episode that was void and tried
            again, the last.
    """

    def __init__(self, folder: Path, facts: Facts, records: dict[Key, Record], lock: int) -> None:
        self.folder = folder
        self.facts = facts
        self.records = records
        self._lock = lock
        self._episodes = _open_append(folder / "episodes.jsonl")
        self._traces = _open_append(folder / "traces.jsonl.gz") if facts.plan.traces else None
        self._synced = time.monotonic()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, record: Record, trace: bytes | None = None) -> None:
        """Add a finished episode, and its trace as `pack_trace` gave it.

        Raises:
            RunError: if it cannot be written; what was written before stays.
        """
        try:
            if self._traces is not None and trace is not None:
                _write(self._traces, trace)
            _write(self._episodes, msgspec.json.encode(record) + b"\n")
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self.sync()
        except OSError as error:
            raise RunError(
                f"{self.folder}: an episode cannot be written: {error.strerror}; those before it are kept"
            ) from error
        self.records[record.key] = record

    def sync(self) -> None:
        """Have everything on the disk."""
        if self._traces is not None:
            os.fsync(self._traces)
        os.fsync(self._episodes)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync and let go of the folder. Does nothing the second time."""
        if self._lock < 0:
            return
        try:
            self.sync()
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be synced to the disk: {error.strerror}") from error
        finally:
            os.close(self._episodes)
            if self._traces is not None:
                os.close(self._traces)
            os.close(self._lock)
            self._lock = -1


def create(folder: Path, facts: Facts) -> Journal:
    """A new run folder.

    Raises:
        RunError: if there is something there already, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.iterdir() if path.name not in _SCRATCH)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made a run folder: {error.strerror}") from None
    if there:
        raise RunError(
            f"{folder} is not empty (it holds {there[0]!r}); give --out another folder, "
            f"or go on with the run in it by --resume {folder}"
        )
    lock = _acquire(folder)
    _write_facts(folder, facts)
    return Journal(folder, facts, {}, lock)


def resume(folder: Path, facts: Facts | None = None) -> Journal:
    """Open the folder of a run that was begun, and cut off what a kill left unfinished.

    Args:
        folder: the run folder.
        facts: replaces its `run.json`.

    Raises:
        RunError: if it is not a run folder, is in use, or is damaged; nothing is changed then.
    """
    read_facts(folder)
    lock = _acquire(folder)
    try:
        old, records, whole = _load(folder)
        _cut(folder / "episodes.jsonl", whole)
        if old.plan.traces:
            path = folder / "traces.jsonl.gz"
            try:
                _cut(path, _whole_traces(path, records))
            except OSError as error:
                raise RunError(f"{path}: cannot be read: {error.strerror}") from None
        if facts is not None:
            _write_facts(folder, facts)
        return Journal(folder, facts or old, records, lock)
    except BaseException:
        os.close(lock)
        raise


def read_run(folder: Path) -> tuple[Facts, list[Record]]:
    """What a run folder holds so far; it may be in use.

    Raises:
        RunError: if it is not a run folder or is damaged.
    """
    facts, records, _ = _load(folder)
    return facts, list(records.values())


def read_facts(folder: Path) -> Facts:
    """`run.json` of a run folder.

    Raises:
        RunError: if there is none or it cannot be read.
    """
    path = folder / "run.json"
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{folder} is not a run folder: it has no run.json") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return msgspec.json.decode(data, type=Facts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(
            f"{path}: is damaged or of another version than {FORMAT!r}: {error}; nothing was changed"
        ) from None


def pack_trace(record: Record, lines: Iterable[bytes]) -> bytes:
    """The trace of an episode as one gzip member; its first line says whose it is."""
    head = msgspec.json.encode(_TraceHead(*record.key))
    return gzip.compress(b"\n".join((head, *lines)) + b"\n", compresslevel=6, mtime=0)


def _load(folder: Path) -> tuple[Facts, dict[Key, Record], int]:
    """Facts, records by key, and the number of bytes of the journal that are whole lines."""
    facts = read_facts(folder)
    path = folder / "episodes.jsonl"
    records: dict[Key, Record] = {}
    decoder = msgspec.json.Decoder(Record)
    whole = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                _add(records, _record(decoder, line, f"{path}:{number}"), f"{path}:{number}")
    except FileNotFoundError:
        return facts, records, 0
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    return facts, records, whole


def _record(decoder: "msgspec.json.Decoder[Record]", line: bytes, place: str) -> Record:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(
            f"{place}: is not an episode: {error}; nothing was changed; take the line out "
            "(keep a copy of the file) to have its episode done again"
        ) from None


def _add(records: dict[Key, Record], record: Record, place: str) -> None:
    old = records.get(record.key)
    if old is not None and old.outcome.kind != "void":
        raise RunError(
            f"{place}: episode {record.key} is there twice; nothing was changed; take one of its lines out"
        )
    records[record.key] = record


def _whole_traces(path: Path, records: dict[Key, Record]) -> int:
    """Bytes of a trace file up to the last episode that the journal knows of.

    A trace is written before its line, so only the last ones can be half or without one.
    """
    whole = 0
    for end, head in _trace_heads(path):
        if (head.policy, head.task, head.item, head.seed) in records:
            whole = end
    return whole


def _trace_heads(path: Path) -> Iterable[tuple[int, _TraceHead]]:
    """For each whole member of a trace file: the offset of its end and its first line."""
    if not path.exists():
        return
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(start)
            inflate = zlib.decompressobj(wbits=31)
            text = b""
            try:
                while not inflate.eof:
                    block = file.read(1 << 16)
                    if not block:
                        return
                    more = inflate.decompress(block)
                    text = text if b"\n" in text else text + more
            except zlib.error as error:
                raise RunError(
                    f"{path}: is damaged in the trace that begins at byte {start}: {error}; nothing was "
                    "changed; move the file away to go on without these traces"
                ) from None
            start = file.tell() - len(inflate.unused_data)
            try:
                head = msgspec.json.decode(text.partition(b"\n")[0], type=_TraceHead)
            except msgspec.DecodeError as error:
                raise RunError(f"{path}: a trace does not say whose it is: {error}") from None
            yield start, head


def _cut(path: Path, length: int) -> None:
    try:
        if path.exists() and path.stat().st_size > length:
            os.truncate(path, length)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from None


def _open_append(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from None


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _write_facts(folder: Path, facts: Facts) -> None:
    part = folder / "run.json.part"
    try:
        with part.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / "run.json")
    except OSError as error:
        raise RunError(f"{folder / 'run.json'}: cannot be written: {error.strerror}") from None


def _acquire(folder: Path) -> int:
    """Lock a folder; the operating system lets go of it when the process ends, however it ends."""
    path = folder / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        _lock(descriptor)
    except OSError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        raise RunError(
            f"{folder} is in use by another process ({holder or 'of unknown id'}); wait until it has ended"
        ) from None
    os.truncate(path, 0)
    _write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
