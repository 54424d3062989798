"""A corpus that is searched as a whole: thousands of documents with ids, and an index that is kept on disk.

    <cache>/search/<key>/     one corpus: its texts, ids and index; appears whole, by a rename
    <cache>/search/<key>.lock held (`flock`) by the process that builds it; others wait for it

The key is a hash of the content, so a changed corpus gets a new folder and nothing is ever out of date.
"""

import fcntl
import hashlib
import mmap
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy
from msgspec import Struct

from mas2_env import cache
from mas2_env.errors import DataError
from mas2_env.tools.bm25 import K1, B, Bm25
from mas2_env.tools.corpus_files import Page, Stamp, corpus_digest, corpus_stamp, read_corpus
from mas2_env.tools.search import split, words

LAYOUT: Final = "1"
"""Version of the folder's files and of how texts are parted into words."""

TOP: Final = 5
"""Documents that a search returns in BrowseComp-Plus's official setting."""


class Hit(Struct, frozen=True):
    """A document that a search found, with its BM25 score."""

    docid: str
    score: float
    text: str


class Texts(Protocol):
    """Documents by their places."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> str: ...


class Corpus:
    """Documents with ids, and an index over them.

    Args:
        docids: in order; no two are the same.
        texts: in the same order.
        index: over the texts.
    """

    def __init__(self, docids: Sequence[str], texts: Texts, index: Bm25) -> None:
        self.docids = tuple(docids)
        self._texts = texts
        self._index = index
        self._places = {docid: place for place, docid in enumerate(self.docids)}

    def __len__(self) -> int:
        return len(self.docids)

    def search(self, query: str, top: int = TOP) -> list[Hit]:
        """The best `top` documents that share a word with the query, best first, ties in order."""
        found = self._index.best(words(query), top)
        return [Hit(self.docids[place], score, self._texts[place]) for place, score in found]

    def get(self, docid: str) -> str | None:
        """The whole text of a document; None where there is none of that id."""
        place = self._places.get(docid)
        return None if place is None else self._texts[place]


def corpus_of(pages: Iterable[Page]) -> Corpus:
    """A corpus in memory."""
    held = list(pages)
    texts = [page.text for page in held]
    return Corpus([page.docid for page in held], texts, Bm25.build(map(split, texts)))


def open_corpus(path: str) -> Corpus:
    """The corpus at a path (see `read_corpus`), its index from the cache or built into it.

    A corpus that has been opened is taken again unless a file of it has changed.

    Raises:
        DataError: if it cannot be read, or the cache not be written.
        ToolError: if `bm25s` is not installed.
    """
    return opened(content_of(path), Path(path).expanduser().absolute())


def content_of(path: str) -> str:
    """SHA-256 of the corpus at a path; read only if a file of it has changed since it was asked for.

    Raises:
        DataError: if it cannot be read.
    """
    place = Path(path).expanduser().absolute()
    return _content(place, corpus_stamp(place))


@lru_cache(maxsize=8)
def _content(place: Path, stamp: tuple[Stamp, ...]) -> str:
    return corpus_digest(place)


@lru_cache(maxsize=8)
def opened(digest: str, place: Path) -> Corpus:
    """The corpus at a place, whose content has that digest."""
    return kept_corpus(digest, lambda: read_corpus(place))


def kept_corpus(digest: str, pages: Callable[[], Iterable[Page]]) -> Corpus:
    """The corpus whose content has that digest, from the cache, or built into it from its pages.

    Of several processes that want one corpus, one builds it and the others wait.

    Raises:
        DataError: if the pages cannot be read, or the cache not be written.
        ToolError: if `bm25s` is not installed.
    """
    key = hashlib.sha256(f"{digest}/{LAYOUT}/{K1}/{B}".encode()).hexdigest()[:32]
    home = cache.folder("search")
    folder = home / key
    if not folder.is_dir():
        with _locked(home / f"{key}.lock"):
            if not folder.is_dir():
                _build(folder, pages)
    return _load(folder)


class _locked:
    """Holds a lock file; the system lets go of it should the process die."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        try:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise DataError(f"{self._path}: cannot be locked: {error.strerror}") from None

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _build(folder: Path, pages: Callable[[], Iterable[Page]]) -> None:
    part = folder.with_name(f"{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a process that died; we hold the lock
        part.mkdir()
        docids: list[str] = []
        ends: list[int] = []
        with (part / "texts").open("wb") as file:
            Bm25.build(_written(pages(), file.write, docids, ends)).save(part)
        (part / "docids.json").write_bytes(msgspec.json.encode(docids))
        numpy.save(part / "ends.npy", numpy.array([0, *ends], dtype=numpy.int64))
        part.rename(folder)
    except OSError as error:
        raise DataError(f"{part}: the index cannot be kept there: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _written(
    pages: Iterable[Page], write: Callable[[bytes], int], docids: list[str], ends: list[int]
) -> Iterator[list[str]]:
    """The words of each page, whose text is written on the way."""
    end = 0
    for page in pages:
        data = page.text.encode("utf-8", "replace")
        write(data)
        end += len(data)
        docids.append(page.docid)
        ends.append(end)
        yield split(page.text)


class _Mapped:
    """Texts in one file, mapped into memory."""

    def __init__(self, folder: Path) -> None:
        self._ends = numpy.load(folder / "ends.npy", mmap_mode="r")
        with (folder / "texts").open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != int(self._ends[-1]):
                raise ValueError(f"its texts have {size} bytes, expected {int(self._ends[-1])}")
            self._data: mmap.mmap | bytes = (
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
            )

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:
        return self._data[int(self._ends[place]) : int(self._ends[place + 1])].decode()


def _load(folder: Path) -> Corpus:
    try:
        docids = msgspec.json.decode((folder / "docids.json").read_bytes(), type=list[str])
        return Corpus(docids, _Mapped(folder), Bm25.load(folder))
    except (OSError, ValueError, EOFError, msgspec.DecodeError) as error:
        raise DataError(f"{folder}: the index kept there is damaged ({error}); delete this folder") from None
