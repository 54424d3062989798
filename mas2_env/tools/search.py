"""Search over an item's documents by BM25, and reading one by its title.

The score is Lucene's BM25 (k1 = 1.5, b = 0.75), as computed by `bm25s`, which is used from `SMALL` documents
on. Below that, building a `bm25s` index costs more than all searches of an item together, so the same scores
are computed here by counting words in texts.
"""

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Protocol

from mas2_env.pool import did_you_mean
from mas2_env.task import Document, ToolSpec
from mas2_env.tools.bm25 import K1, B, Bm25

SMALL = 50
MAX_TOKENS = 512
MAX_QUERY = 1000

BY_QUERY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "description": "key words or a short question",
            "maxLength": MAX_QUERY,
        }
    },
    "required": ["query"],
    "additionalProperties": False,
}
"""Parameters of a tool that searches."""
SEARCH = ToolSpec(
    name="search",
    description="Searches the item's documents and returns the best matching ones.",
    parameters=BY_QUERY,
)
READ = ToolSpec(
    name="read",
    description="Returns the document of that title.",
    parameters={
        "type": "object",
        "properties": {"title": {"type": "string", "description": "title of a document, as search shows it"}},
        "required": ["title"],
        "additionalProperties": False,
    },
)

_PIECE = re.compile(r"\w{1,6}|[^\w\s]")
_COMMON = (
    "a an and are as at be by did do does for from had has have he her his how in is it its of on or she "
    "that the their they this to was were what when where which who whom whose will with"
)
_STOP = frozenset(_COMMON.split())
_SPACES = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~–—‘’“”…", " "))


def split(text: str) -> list[str]:
    """Lower-case words, parted at white space and punctuation."""
    return text.lower().translate(_SPACES).split()


def words(query: str) -> list[str]:
    """The words of a query without the most common ones (all of them, if nothing is left)."""
    found = split(query)
    return [word for word in found if word not in _STOP] or found


class _Scorer(Protocol):
    def best(self, query: list[str], top: int) -> list[int]: ...


class _Plain:
    """The words of each document as one text, in which those of a query are counted."""

    def __init__(self, corpus: list[list[str]]) -> None:
        mean = sum(map(len, corpus)) / len(corpus) or 1.0
        self.texts = [f" {'  '.join(tokens)} " for tokens in corpus]
        self.norms = [K1 * (1 - B + B * len(tokens) / mean) for tokens in corpus]

    def scores(self, query: list[str]) -> list[float]:
        size = len(self.texts)
        totals = [0.0] * size
        for word in query:
            padded = f" {word} "
            counts = [text.count(padded) for text in self.texts]
            found = size - counts.count(0)
            if found:
                weight = math.log(1 + (size - found + 0.5) / (found + 0.5))
                for place, count in enumerate(counts):
                    if count:
                        totals[place] += weight * count / (count + self.norms[place])
        return totals

    def best(self, query: list[str], top: int) -> list[int]:
        totals = self.scores(query)
        ranked = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)[:top]
        return [place for place in ranked if totals[place] > 0]


class _Large:
    """The same over many documents."""

    def __init__(self, corpus: list[list[str]]) -> None:
        self.index = Bm25.build(corpus)

    def best(self, query: list[str], top: int) -> list[int]:
        return [place for place, _ in self.index.best(query, top)]


class Index:
    """BM25 over titles and texts of documents."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = tuple(documents)
        corpus = [split(f"{document.title} {document.text}") for document in self.documents]
        self._scorer: _Scorer | None = None
        if corpus:
            self._scorer = _Plain(corpus) if len(corpus) <= SMALL else _Large(corpus)

    def search(self, query: str, top: int = 3) -> list[Document]:
        """The best `top` documents that share a word with the query, best first."""
        if self._scorer is None:
            return []
        return [self.documents[place] for place in self._scorer.best(words(query), top)]


@lru_cache(maxsize=256)
def _index(documents: tuple[Document, ...]) -> Index:
    return Index(documents)


def search(documents: Sequence[Document], query: str, top: int = 3) -> list[Document]:
    """The best `top` of the documents; indexes of the last 256 collections are kept."""
    return _index(tuple(documents)).search(query, top)


def cut(text: str, tokens: int = MAX_TOKENS) -> str:
    """The text's first `tokens` tokens, counted as word pieces of up to six letters and punctuation marks."""
    if len(text) <= tokens:
        return text
    last = next(islice(_PIECE.finditer(text), tokens, None), None)
    return text if last is None else text[: last.start()].rstrip() + " ..."


def render(document: Document) -> str:
    """A document as a model sees it: title in brackets, then the text."""
    return f"[{document.title}] {cut(document.text)}"


def call_search(documents: Sequence[Document], arguments: Mapping[str, Any], top: int = 3) -> str:
    """Perform a call of `search`. Never raises on what a model may write."""
    query = arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        return f'error: search expects {{"query": string}}, got {got(query)}'
    found = search(documents, query[:MAX_QUERY], top)
    return "\n\n".join(map(render, found)) or "nothing found; try other key words"


def call_read(documents: Sequence[Document], arguments: Mapping[str, Any]) -> str:
    """Perform a call of `read`. Never raises on what a model may write."""
    title = arguments.get("title")
    if not isinstance(title, str) or not title.strip():
        return f'error: read expects {{"title": string}}, got {got(title)}'
    wanted = " ".join(title.lower().split())
    for document in documents:
        if " ".join(document.title.lower().split()) == wanted:
            return render(document)
    hint = did_you_mean(title[:MAX_QUERY], [document.title for document in documents])
    return f"error: there is no document titled {title[:100]!r}{hint}"


def got(value: object) -> str:
    """What a model gave in place of a text, for its error."""
    return (
        "nothing" if value is None else "an empty string" if isinstance(value, str) else type(value).__name__
    )
