"""The tools `search` and `get_document` over a corpus, and how what they return is cut.

In BrowseComp-Plus's official setting a search returns five documents, each cut to its first 512 tokens as
Qwen3-0.6B's tokenizer counts them. That tokenizer is a download of its own, whose `tokenizer.json` `cutter`
takes. Without it `search.cut` stands in, which counts punctuation marks and pieces of words of six letters.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from mas2_env.errors import DataError, ToolError
from mas2_env.pool import did_you_mean
from mas2_env.task import ToolSpec
from mas2_env.tools.corpus import TOP, Corpus
from mas2_env.tools.search import BY_QUERY, MAX_QUERY, MAX_TOKENS, cut, got

Cut: TypeAlias = Callable[[str, int], str]
"""The first so many tokens of a text."""

SEARCH_CORPUS: Final = ToolSpec(
    name="search",
    description=(
        f"Searches a corpus of documents. Returns the {TOP} best matching ones with their ids in brackets, "
        f"each cut to its first {MAX_TOKENS} tokens."
    ),
    parameters=BY_QUERY,
)
GET_DOCUMENT: Final = ToolSpec(
    name="get_document",
    description="Returns the whole document of that id.",
    parameters={
        "type": "object",
        "properties": {"docid": {"type": "string", "description": "id of a document, as search shows it"}},
        "required": ["docid"],
        "additionalProperties": False,
    },
)

_PER_TOKEN = 16
_SLACK = 8


def shown(docid: str, text: str) -> str:
    """A document as a model sees it: its id in brackets, then the text."""
    return f"[{docid}] {text}"


def call_search_corpus(corpus: Corpus, arguments: Mapping[str, Any], top: int = TOP, cut: Cut = cut) -> str:
    """Perform a call of `search`. Never raises on what a model may write."""
    query = arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        return f'error: search expects {{"query": string}}, got {got(query)}'
    found = corpus.search(query[:MAX_QUERY], top)
    texts = [shown(hit.docid, cut(hit.text, MAX_TOKENS)) for hit in found]
    return "\n\n".join(texts) or "nothing found; try other key words"


def call_get_document(corpus: Corpus, arguments: Mapping[str, Any]) -> str:
    """Perform a call of `get_document`. Never raises on what a model may write."""
    docid = arguments.get("docid")
    if not isinstance(docid, str) or not docid.strip():
        return f'error: get_document expects {{"docid": string}}, got {got(docid)}'
    wanted = docid.strip().removeprefix("[").removesuffix("]")
    text = corpus.get(wanted)
    if text is None:
        hint = did_you_mean(wanted[:100], corpus.docids[:2000])
        return f"error: there is no document with the id {wanted[:100]!r}{hint}"
    return shown(wanted, text)


@lru_cache(maxsize=4)
def cutter(tokenizer: str | None) -> Cut:
    """How texts are cut: as the tokenizer in a `tokenizer.json` counts, or by the stand-in.

    Raises:
        DataError: if the file is no tokenizer.
        ToolError: if the package `tokenizers` is not installed.
    """
    if tokenizer is None:
        return cut
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise ToolError("cutting by a tokenizer needs tokenizers: pip install tokenizers") from None
    try:
        made = Tokenizer.from_file(str(Path(tokenizer).expanduser()))
    except Exception as error:  # the package raises bare exceptions
        raise DataError(f"{tokenizer}: is no tokenizer.json: {error}") from None

    def by_tokenizer(text: str, tokens: int) -> str:
        for piece in (text[: tokens * _PER_TOKEN], text):
            ends = [end for _, end in made.encode(piece, add_special_tokens=False).offsets]
            if len(ends) > tokens + _SLACK or len(piece) == len(text):
                break
        return text if len(ends) <= tokens else text[: ends[tokens - 1]]

    return by_tokenizer
