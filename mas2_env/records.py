"""Reading benchmark files: JSON Lines or one JSON list, gzipped or not, with exact errors.

A file is read whole or not at all: the first fault in it is one `DataError` that names the file and the line
(or the entry, in a JSON list).
"""

import codecs
import gzip
import hashlib
import io
import itertools
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean

T = TypeVar("T")

CHUNK = 1 << 20
MOST_LINE = 64 << 20
"""Bytes of a record: far more than any benchmark's has, and few enough to be held several times over."""
MOST_LIST = 2 << 30
"""Bytes of a JSON list, which is held whole while it is read."""
MOST_RATIO = 200
"""Times that a file may grow when it is unzipped; text grows three to ten times."""

_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Records(Struct, Generic[T], frozen=True):
    """A benchmark file as it was read.

    Attributes:
        path: the file.
        digest: SHA-256 of its bytes as they lie on disk.
        rows: its records, in order.
        lines: where each stands: its line from 1, or its place in the list from 1.
        unit: `line` or `entry`.
        split: the official split that they are of, where the source says.
    """

    path: str
    digest: str
    rows: tuple[T, ...]
    lines: tuple[int, ...]
    unit: str
    split: str = ""

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

    A record may have `MOST_LINE` bytes. Reading holds the records, one chunk and one line; of a JSON list,
    its bytes as well.

    Raises:
        DataError: if the file is missing, truncated, not UTF-8, not JSON, empty or beyond a limit, or if a
            record does not fit.
    """
    file = Path(path)
    stat = _regular(file)
    kind: Any = schema
    return _read(str(file), kind, stat.st_mtime_ns, stat.st_size)


def _regular(file: Path) -> os.stat_result:
    """What is known of a file that can be read to its end, as a pipe cannot."""
    try:
        stat = file.stat()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}{_neighbour(file)}") from None
    except ValueError as error:
        raise DataError(f"{str(file)!r}: no file can have this name: {error}") from None
    if not file.is_file():
        what = "a folder" if file.is_dir() else "no regular file"
        raise DataError(f"{file}: is {what}; give the path of a .jsonl, .jsonl.gz or .json file")
    return stat


def stream_records(path: str | Path, schema: type[T]) -> Iterator[tuple[str, T]]:
    """Every record of a file that is too long to be held, with its place, `file: line n`.

    Otherwise as `read_records`; the first fault ends what has begun.
    """
    file = Path(path)
    _regular(file)
    decoder = msgspec.json.Decoder(schema)
    try:
        with file.open("rb", buffering=0) as raw:
            unit, pieces = _pieces(str(file), _content(str(file), _Stored(raw)))
            for number, piece in pieces:
                place = f"{file}: {unit} {number}"
                yield place, _decode(decoder, piece, place)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None


def read_loose(path: str | Path) -> Records[Any]:
    """Read a file that need not be JSON Lines.

    One JSON object over several lines is one record; of a text, every line that is not blank is one. Either
    may have `MOST_LINE` bytes.

    Raises:
        DataError: if the file cannot be read, or begins as JSON and is none.
    """
    anything: Any = Any
    _regular(Path(path))
    try:
        return read_records(path, anything)
    except DataError as fault:
        content, digest = _whole(Path(path), fault)
        begin = content.lstrip()[:1]
        document = begin == b"{" and f"{path}: line 1:" in str(fault)
        if begin in (b"{", b"[", b"") and not document:
            raise
        text = _text(path, content, fault)
    if document:
        return Records(path=str(path), digest=digest, rows=(_document(path, text),), lines=(1,), unit="line")
    lines = [(number, line.rstrip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    numbers, rows = zip(*lines, strict=True)
    return Records(path=str(path), digest=digest, rows=rows, lines=numbers, unit="line")


def _whole(file: Path, fault: DataError) -> tuple[bytes, str]:
    """What a file holds, and its digest; `fault`, for which it is no records, if it is too long for that."""
    content = bytearray()
    try:
        with file.open("rb", buffering=0) as raw:
            stored = _Stored(raw)
            for chunk in _content(str(file), stored):
                content += chunk
                if len(content) > MOST_LINE:
                    raise fault
            return bytes(content.removeprefix(b"\xef\xbb\xbf")), stored.digest()
    except OSError:
        raise fault from None


def _text(path: str | Path, content: bytes, fault: DataError) -> str:
    """The content as text; `fault` names an encoding that it is in."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if content[:2] in _ENCODINGS:
            raise fault from None
        line = 1 + content.count(b"\n", 0, error.start)
        raise DataError(f"{path}: line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None


def _document(path: str | Path, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        place = re.search(r"\(byte (\d+)\)", str(error))
        line = text.rstrip().encode().count(b"\n", 0, int(place[1]) if place else None) + 1
        raise DataError(f"{path}: line {line}: not a JSON object: {error}") from None
    except RecursionError:
        raise DataError(f"{path}: line 1: not a record: it is nested too deeply") from None


def _neighbour(file: Path) -> str:
    if not file.parent.is_dir():
        return f"; there is no folder {file.parent}"
    return did_you_mean(file.name, sorted(path.name for path in file.parent.iterdir()))


@lru_cache(maxsize=32)
def _read(path: str, schema: Any, _mtime: int, _size: int) -> Records[Any]:
    rows: list[Any] = []
    numbers: list[int] = []
    decoder = msgspec.json.Decoder(schema)
    try:
        with Path(path).open("rb", buffering=0) as raw:
            stored = _Stored(raw)
            unit, pieces = _pieces(path, _content(path, stored))
            for number, piece in pieces:
                rows.append(_decode(decoder, piece, f"{path}: {unit} {number}"))
                numbers.append(number)
            digest = stored.digest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not rows:
        raise DataError(f"{path}: holds no record; expected one JSON object a line, or a list of them")
    return Records(path=path, digest=digest, rows=tuple(rows), lines=tuple(numbers), unit=unit)


class _Stored(io.RawIOBase):
    """A file that hashes what is read of it."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer) or 0
        self._hash.update(memoryview(buffer)[:count])
        return count

    def digest(self) -> str:
        """SHA-256 of the whole file, in hexadecimal digits."""
        while self.read(CHUNK):
            pass
        return self._hash.hexdigest()


def _content(path: str, stored: _Stored) -> Iterator[bytes]:
    """What the file holds, unzipped if it is zipped, chunk by chunk."""
    file = io.BufferedReader(stored)
    zipped = file.peek(2)[:2] == b"\x1f\x8b"
    stream: Any = gzip.GzipFile(fileobj=file) if zipped else file
    size, line, most = 0, 1, MOST_RATIO * Path(path).stat().st_size
    while True:
        try:
            chunk: bytes = stream.read1(CHUNK)
        except (EOFError, OSError, zlib.error) as error:
            if not zipped:
                raise
            raise DataError(
                f"{path}: line {line}: the gzip data is truncated or damaged here ({error}); "
                "fetch the file again"
            ) from None
        if not chunk:
            return
        size += len(chunk)
        line += chunk.count(b"\n")
        if zipped and size > max(MOST_LINE, most):
            raise DataError(
                f"{path}: line {line}: unzips to more than {MOST_RATIO} times its size, as no benchmark "
                "does; if it is to be trusted, unzip it first"
            )
        yield chunk


def _pieces(path: str, content: Iterator[bytes]) -> tuple[str, Iterator[tuple[int, bytes]]]:
    """What the records are counted in, and each with its number."""
    line = 1
    head = b""
    while len(head) < 4 and (chunk := next(content, b"")):  # enough to know the encoding by
        head += chunk
    if head[:2] in _ENCODINGS:
        raise DataError(f"{path}: line 1: is {_ENCODINGS[head[:2]]}; save it as UTF-8")
    head = head.removeprefix(b"\xef\xbb\xbf")
    while not head.strip() and (chunk := next(content, b"")):
        line += head.count(b"\n")
        head = chunk
    rest = itertools.chain((head,), content)
    if head.lstrip()[:1] == b"[":
        return "entry", _entries(path, rest, line)
    return "line", _lines(path, rest, line)


def _lines(path: str, content: Iterable[bytes], number: int) -> Iterator[tuple[int, bytes]]:
    begun: list[bytes] = []
    length = 0
    for chunk in content:
        if chunk.isspace() and not any(begun):  # quickly past what may be the most of a file
            number += chunk.count(b"\n")
            continue
        first, *others = chunk.split(b"\n")
        begun.append(first)
        length += len(first)
        if length > MOST_LINE:
            raise _too_long(f"{path}: line {number}")
        for other in others:
            line = b"".join(begun)
            if line.strip():
                yield number, line
            number += 1
            begun, length = [other], len(other)
    line = b"".join(begun)
    if line.strip():
        yield number, line


def _entries(path: str, content: Iterable[bytes], line: int) -> Iterator[tuple[int, bytes]]:
    whole = bytearray()
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in content:
            decoder.decode(chunk)
            whole += chunk
            if len(whole) > MOST_LIST:
                raise DataError(
                    f"{path}: is a JSON list of more than {MOST_LIST >> 30} GiB; save it as JSON Lines"
                )
        decoder.decode(b"", final=True)
        entries = msgspec.json.decode(whole, type=list[msgspec.Raw])
    except UnicodeDecodeError as error:
        line += _lines_before(whole, error)
        raise DataError(f"{path}: line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: not a JSON list: {error}") from None
    except RecursionError:
        raise DataError(f"{path}: not a list of records: it is nested too deeply") from None
    for number, entry in enumerate(entries, start=1):
        piece = bytes(entry)
        if len(piece) > MOST_LINE:
            raise _too_long(f"{path}: entry {number}")
        yield number, piece


def _lines_before(whole: bytearray, error: UnicodeDecodeError) -> int:
    """Line ends before a fault in the chunk after `whole`; what the decoder held back comes first in it."""
    return whole.count(b"\n") + error.object.count(b"\n", 0, error.start)


def _too_long(place: str) -> DataError:
    return DataError(
        f"{place}: is longer than {MOST_LINE >> 20} MiB, as no record is; expected one JSON object a line"
    )


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
    except RecursionError:
        raise DataError(f"{place}: not a record: it is nested too deeply") from None


def _near(decoder: "msgspec.json.Decoder[Any]", piece: bytes, message: str) -> str:
    """A hint for a misspelt field: the nearest of those that the record has."""
    if "missing required field" not in message or "$" in message:
        return ""
    record = msgspec.json.decode(piece)
    return did_you_mean(message.split("`")[1], record) if isinstance(record, dict) else ""
