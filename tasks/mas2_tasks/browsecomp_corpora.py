"""The corpora of BrowseComp-Plus: a user's, that of a file of records, the hub's, or a made-up one."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from mas2_env.tools.corpus import Corpus, content_of, corpus_of, kept_corpus, open_corpus
from mas2_env.tools.corpus_files import Page
from mas2_tasks.browsecomp_file import has_texts, pages_of
from mas2_tasks.hub import hub_set, resolve_revision, stream_rows
from mas2_tasks.procedural.browse_text import document
from mas2_tasks.procedural.browse_world import closed_world

ON_HUB: Final = "browsecomp-plus-corpus"
"""The corpus's name in the table of the hub."""


def named_corpus(name: str) -> Corpus:
    """The corpus at a path, or of a repository `owner/name` on the hub.

    Raises:
        DataError: if there is none, or it cannot be read.
    """
    return open_corpus(name) if _is_path(name) else hub_corpus(name)


def named_content(name: str) -> str:
    """What tells a named corpus from others: the digest of its files, or the name of its repository.

    Raises:
        DataError: if there is none at a path, or it cannot be read.
    """
    return content_of(name) if _is_path(name) else name


def _is_path(name: str) -> bool:
    return Path(name).expanduser().exists() or name.count("/") != 1 or name.startswith((".", "~"))


@lru_cache(maxsize=2)
def hub_corpus(repository: str = "") -> Corpus:
    """A corpus on the hub with the columns `docid` and `text`; by default the published one, pinned.

    Raises:
        DataError: if it cannot be had.
    """
    data = hub_set(ON_HUB)
    if repository and repository != data.repository:
        data = replace(data, repository=repository, revision="", columns=("docid", "text"))
    revision = resolve_revision(data)
    split = data.splits[0].name
    rows = (
        Page(str(row["docid"]), str(row["text"]), str(row.get("url") or ""))
        for row in stream_rows(data, split, revision)
    )
    return kept_corpus(f"{data.repository}@{revision}/{split}", lambda: rows)


@lru_cache(maxsize=4)
def records_corpus(path: str, digest: str, canary: str | None) -> Corpus | None:
    """The documents that a file of records brings; None where it names their ids alone.

    Raises:
        DataError: if they cannot be read.
    """
    if path.endswith(".txt") or not has_texts(path):
        return None
    return kept_corpus(f"{digest}/documents/{canary is None}", lambda: pages_of(path, canary))


@lru_cache(maxsize=4)
def made_corpus(name: str, version: str, seed: int, block: int) -> Corpus:
    """The corpus of a block of procedural items, in memory; its order is that of the ids."""
    world = closed_world(name, version, seed, block)
    documents = [document(world, place) for place in range(len(world.docids))]
    documents.sort(key=lambda told: int(told.docid))
    return corpus_of(Page(told.docid, told.text) for told in documents)
