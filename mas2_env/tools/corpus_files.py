"""Reading a corpus from a file of JSON lines or from a folder of texts, a document at a time."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import stream_records

_TEXTS: Final = (".txt", ".md")
_LINES: Final = (".jsonl", ".jsonl.gz")
_CHUNK: Final = 1 << 20


Stamp: TypeAlias = tuple[str, int, int, int]
"""Name, size in bytes, time of the last change in ns, and inode of a file."""


class Page(Struct, frozen=True):
    """A document of a corpus.

    Attributes:
        docid: its id, by which it is cited and read.
        text: what is searched and shown.
        url: where it was published, if that is known.
    """

    docid: str
    text: str
    url: str = ""


class _Line(Struct, frozen=True):
    docid: str | int
    text: str
    url: str | None = None


def corpus_stamp(path: Path) -> tuple[Stamp, ...]:
    """What tells without reading whether a corpus at a path has changed.

    Raises:
        DataError: if there is no corpus.
    """
    return tuple(_stamp(name, file.stat()) for name, file in _files(path))


def _stamp(name: str, found: os.stat_result) -> Stamp:
    return (name, found.st_size, found.st_mtime_ns, found.st_ino)


def corpus_digest(path: Path) -> str:
    """SHA-256 of all that a corpus at a path consists of: names and contents.

    Raises:
        DataError: if it cannot be read, or there is no corpus.
    """
    whole = hashlib.sha256()
    for name, file in _files(path):
        whole.update(f"{name}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
        try:
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    whole.update(chunk)
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    return whole.hexdigest()


def read_corpus(path: Path) -> Iterator[Page]:
    """The documents of a corpus, in order.

    A file is `.jsonl` or `.jsonl.gz` with `docid`, `text` and, if wanted, `url` on each line. A folder holds
    such files, or `.txt` and `.md` files at any depth, whose docids are their paths in it without suffix.

    Raises:
        DataError: naming file and line, at the first that cannot be read or has a docid for the second time.
    """
    seen: dict[str, str] = {}
    for name, file in _files(path):
        pages = _lines(file) if file.name.endswith(_LINES) else _text(name, file)
        for place, page in pages:
            before = seen.setdefault(page.docid, place)
            if before != place:
                raise DataError(f"{place}: docid {page.docid!r} is already that of {before}")
            yield page
    if not seen:
        raise DataError(f"{path}: holds no document")


def _files(path: Path) -> list[tuple[str, Path]]:
    """Files of a corpus with their names in it, in order."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file())
        lines = [file for file in found if file.name.endswith(_LINES)]
        chosen = lines or [file for file in found if file.suffix in _TEXTS]
        if not chosen:
            raise DataError(
                f"{path}: holds no corpus; expected .jsonl or .jsonl.gz files, or .txt and .md files"
            )
        return [(file.relative_to(path).as_posix(), file) for file in chosen]
    if not path.exists():
        raise DataError(f"{path}: there is no such corpus; give a .jsonl file or a folder of texts")
    if not path.name.endswith(_LINES):
        raise DataError(f"{path}: is no corpus; expected a .jsonl or .jsonl.gz file, or a folder of texts")
    return [(path.name, path)]


def _text(name: str, file: Path) -> Iterator[tuple[str, Page]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    docid = name.removesuffix(file.suffix)
    yield str(file), Page(docid, text)


def _lines(file: Path) -> Iterator[tuple[str, Page]]:
    for place, found in stream_records(file, _Line):
        if not isinstance(found.docid, str) and found.docid < 0:
            raise DataError(f"{place}: docid {found.docid} is negative; expected a string")
        yield place, Page(str(found.docid), found.text, found.url or "")
