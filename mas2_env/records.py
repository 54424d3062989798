"""Reading benchmark files: JSON Lines or one JSON list, gzipped or not, with exact errors.

A file is read whole or not at all: the first fault in it is one `DataError` that names the file and the line
(or the entry, in a JSON list).
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean

T = TypeVar("T")

_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Records(Struct, Generic[T], frozen=True):
    """A benchmark file as it was read.

    Attributes:
        path: the file.
        digest: SHA-256 of its bytes as they lie on disk.
        rows: its records, in order.
        lines: where each stands: its line from 1, or its place in the list from 1.
        unit: `line` or `entry`.
    """

    path: str
    digest: str
    rows: tuple[T, ...]
    lines: tuple[int, ...]
    unit: str

    def place(self, index: int) -> str:
        """`file: line n` of the record at `index`, for messages."""
        return f"{self.path}: {self.unit} {self.lines[index]}"

    def unique(self, keys: Callable[[T], str] | Sequence[str], what: str) -> dict[str, int]:
        """Index of each record by its key, in order; `keys` gives them, or is what computes one.

        Raises:
            DataError: if two records share a key; `what` names the field in the message.
        """
        seen: dict[str, int] = {}
        for index, key in enumerate(map(keys, self.rows) if callable(keys) else keys):
            first = seen.setdefault(key, index)
            if first != index:
                before = f"{self.unit} {self.lines[first]}"
                raise DataError(
                    f"{self.place(index)}: {what} {key!r} is already that of {before}; "
                    "every item needs an id of its own"
                )
        return seen


def read_records(path: str | Path, schema: type[T]) -> Records[T]:
    """Read every record of a `.jsonl` or `.json` file, gzipped or not, as `schema`.

    `schema` is a msgspec struct (or any type msgspec decodes); unknown fields are passed over. What was read
    is kept for the life of the process and shared, until the file changes.

    Raises:
        DataError: if the file is missing, truncated, not UTF-8, not JSON, empty, or a record does not fit.
    """
    file = Path(path)
    try:
        stat = file.stat()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}{_neighbour(file)}") from None
    except ValueError as error:
        raise DataError(f"{str(file)!r}: no file can have this name: {error}") from None
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no regular file"
        raise DataError(f"{file}: is {what}; give the path of a .jsonl, .jsonl.gz or .json file")
    kind: Any = schema
    return _read(str(file), kind, stat.st_mtime_ns, stat.st_size)


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f"; there is no folder {file.parent}"
    return did_you_mean(file.name, sorted(path.name for path in file.parent.iterdir()))


@lru_cache(maxsize=32)
def _read(path: str, schema: Any, _mtime: int, _size: int) -> Records[Any]:
    try:
        stored = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    content = _unzip(path, stored) if stored[:2] == b"\x1f\x8b" else stored
    if content[:2] in _ENCODINGS:
        raise DataError(f"{path}: line 1: is {_ENCODINGS[content[:2]]}; save it as UTF-8")
    content = content.removeprefix(b"\xef\xbb\xbf")
    unit, pieces = ("entry", _entries) if content.lstrip()[:1] == b"[" else ("line", _lines)
    decoder = msgspec.json.Decoder(schema)
    rows: list[Any] = []
    numbers: list[int] = []
    for number, piece in pieces(path, content):
        rows.append(_decode(decoder, piece, f"{path}: {unit} {number}"))
        numbers.append(number)
    if not rows:
        raise DataError(f"{path}: holds no record; expected one JSON object a line, or a list of them")
    return Records(
        path=path,
        digest=hashlib.sha256(stored).hexdigest(),
        rows=tuple(rows),
        lines=tuple(numbers),
        unit=unit,
    )


def _unzip(path: str, stored: bytes) -> bytes:
    parts: list[bytes] = []
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(stored)) as stream:
            while part := stream.read1(1 << 16):
                parts.append(part)
    except (EOFError, OSError, zlib.error) as error:
        line = b"".join(parts).count(b"\n") + 1
        raise DataError(
            f"{path}: line {line}: the gzip data is truncated or damaged here ({error}); fetch the file again"
        ) from None
    return b"".join(parts)


def _lines(path: str, content: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _entries(path: str, content: bytes) -> Iterator[tuple[int, bytes]]:
    try:
        content.decode("utf-8")
        entries = msgspec.json.decode(content, type=list[msgspec.Raw])
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: not a JSON list: {error}") from None
    for number, entry in enumerate(entries, start=1):
        yield number, bytes(entry)


def _decode(decoder: "msgspec.json.Decoder[Any]", piece: bytes, place: str) -> Any:
    try:
        return decoder.decode(piece.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place}: not UTF-8 ({error.reason} at byte {error.start} of the line); save the file as UTF-8"
        ) from None
    except msgspec.ValidationError as error:
        raise DataError(f"{place}: {error}{_near(decoder, piece, str(error))}") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{place}: not a JSON object: {error}") from None


def _near(decoder: "msgspec.json.Decoder[Any]", piece: bytes, message: str) -> str:
    """A hint for a misspelt field: the nearest of those that the record has."""
    if "missing required field" not in message or "$" in message:
        return ""
    record = msgspec.json.decode(piece)
    return did_you_mean(message.split("`")[1], record) if isinstance(record, dict) else ""
