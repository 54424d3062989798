"""Lucene's BM25 over many texts, by `bm25s`: built from words, kept in a folder, mapped into memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from mas2_env.errors import ToolError

K1: Final = 1.5
B: Final = 0.75
"""Parameters of the score, as `bm25s` has them by default."""


class Bm25:
    """An index over texts, which are known by their places, from 0. Use `build` or `load`."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._vocabulary: dict[str, int] = index.vocab_dict

    @classmethod
    def build(cls, texts: Iterable[list[str]]) -> "Bm25":
        """Index texts, each given as its words; they are gone through once.

        Raises:
            ToolError: if `bm25s` is not installed.
        """
        index = _module().BM25(method="lucene", k1=K1, b=B)
        vocabulary: dict[str, int] = {}
        known = vocabulary.setdefault
        rows = [
            numpy.fromiter([known(word, len(vocabulary)) for word in words], dtype=numpy.int32)
            for words in texts
        ]
        if not vocabulary:  # an index needs a word, so here each text has one that no query can have
            vocabulary[""] = 0
            rows = [numpy.zeros(1, dtype=numpy.int32) for _ in rows]
        index.index((rows, vocabulary), show_progress=False)
        return cls(index)

    @classmethod
    def load(cls, folder: Path) -> "Bm25":
        """The index that `save` wrote, mapped into memory: processes share its pages.

        Raises:
            ToolError: if `bm25s` is not installed.
        """
        index = _module().BM25.load(str(folder), mmap=True, load_corpus=False, show_progress=False)
        for name in ("data", "indices", "indptr"):
            index.scores[name] = numpy.asarray(index.scores[name])
        return cls(index)

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self._index.save(str(folder), show_progress=False)

    def scores(self, query: Iterable[str]) -> NDArray[numpy.float32] | None:
        """Score of each text for the words of a query; None where no text has any of them."""
        known = [self._vocabulary[word] for word in query if word in self._vocabulary]
        if not known:
            return None
        found: NDArray[numpy.float32] = self._index.get_scores_from_ids(known)
        return found

    def best(self, query: Iterable[str], top: int) -> list[tuple[int, float]]:
        """Places and scores of the best `top` texts that have a word of the query; ties by place."""
        scores = self.scores(query)
        if scores is None:
            return []
        least = numpy.float32(0.0)
        if top < len(scores):
            least = numpy.partition(scores, -top)[-top]
        places = numpy.flatnonzero(scores >= least if least > 0 else scores > 0)
        order = numpy.argsort(-scores[places], kind="stable")[:top]
        return [(int(place), float(scores[place])) for place in places[order]]


def _module() -> Any:
    try:
        import bm25s
    except ModuleNotFoundError:
        raise ToolError("searching many documents needs bm25s: pip install 'mas2-env[tasks]'") from None
    return bm25s
