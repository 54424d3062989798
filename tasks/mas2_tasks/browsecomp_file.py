"""BrowseComp-Plus's records: as published (encrypted), decrypted, or relevance judgements alone.

As published, every string but `query_id` is base64 of UTF-8 that is XOR-ed with a key: the SHA-256 digest of
the canary sentence, repeated to the length of the text. That sentence is not ours to spread: it stands in the
official script `scripts_build_index/decrypt_dataset.py`, out of which it is read here, or in a file of the
user's that holds nothing else.
"""

import ast
import base64
import binascii
import gzip
import hashlib
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mas2_env.errors import DataError
from mas2_env.records import Records, read_records
from mas2_env.tools.corpus_files import Page
from mas2_tasks.browsecomp_runs import read_qrels

_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
HOW: Final = (
    "download the data set Tevatron/browsecomp-plus as JSON Lines, decrypted by the official "
    "scripts_build_index/decrypt_dataset.py, or as published, with the option canary=PATH of that script"
)


class DocumentRef(Struct, frozen=True):
    """A document that a record names; its text is passed over."""

    docid: str | int


class BrowseRecord(Struct, frozen=True):
    """One record, in the published form. Relevance judgements alone have neither query nor answer."""

    query_id: str | int
    evidence_docs: list[DocumentRef]
    gold_docs: list[DocumentRef] = []
    query: str = ""
    answer: str = ""

    @property
    def key(self) -> str:
        """Its official id."""
        return str(self.query_id)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the documents that are needed."""
        return tuple([str(document.docid) for document in self.evidence_docs])

    @property
    def gold(self) -> tuple[str, ...]:
        """Ids of those in which the answer stands."""
        return tuple([str(document.docid) for document in self.gold_docs])


def read_browsecomp(path: str, canary: str | None) -> Records[BrowseRecord]:
    """Read a file of records, decrypting it if it is encrypted, or a file of qrels (`.txt`).

    Args:
        path: the file.
        canary: path of the official script, or of a text file with the sentence.

    Raises:
        DataError: naming the line, if a record is not of the form, or cannot be decrypted.
    """
    if path.endswith(".txt"):
        return _from_qrels(path)
    records = read_records(path, BrowseRecord)
    key: bytes | None = None
    rows = []
    for index, row in enumerate(records.rows):
        if _encrypted(row):
            key = key or key_of(canary, records.place(index))
            row = _decrypt(row, key, records.place(index))
        if bool(row.query.strip()) != bool(row.answer.strip()):
            lacking = "answer" if row.query.strip() else "query"
            raise DataError(f"{records.place(index)}: `{lacking}` is empty, and the other is not")
        rows.append(row)
    return replace(records, rows=tuple(rows))


def _from_qrels(path: str) -> Records[BrowseRecord]:
    qrels = read_qrels(path)
    rows = tuple(
        [BrowseRecord(query, [DocumentRef(docid) for docid in docids]) for query, docids in qrels.items()]
    )
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return Records(path=path, digest=digest, rows=rows, lines=tuple(range(1, len(rows) + 1)), unit="query")


def _encrypted(record: BrowseRecord) -> bool:
    return bool(record.query) and _BASE64.fullmatch(record.query) is not None


def key_of(canary: str | None, place: str) -> bytes:
    """The key: the SHA-256 digest of the canary sentence.

    Raises:
        DataError: if there is no such file, or no sentence in it.
    """
    if canary is None:
        raise DataError(
            f"{place}: is encrypted, as published; decrypt the file by the official script, or give "
            "canary=PATH of that script (scripts_build_index/decrypt_dataset.py), in which the key stands"
        )
    try:
        text = Path(canary).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{canary}: the canary cannot be read: {error}") from None
    sentence = _in_script(canary, text) if canary.endswith(".py") else text.strip()
    if not sentence:
        raise DataError(f"{canary}: holds no canary sentence")
    return hashlib.sha256(sentence.encode()).digest()


def _in_script(path: str, text: str) -> str:
    """The longest string of a script that speaks of a canary, or is assigned to a name that does."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise DataError(f"{path}: is no Python script: {error}") from None
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = " ".join(ast.unparse(target) for target in node.targets)
            if "canary" in names.lower() and isinstance(node.value.value, str):
                found.append(node.value.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            found += [node.value] if "canary" in node.value.lower() else []
    return max(found, key=len, default="")


def decrypt(text: str, key: bytes) -> str:
    """A published string in plain.

    Raises:
        ValueError: if it is not base64, or not UTF-8 under this key.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
    return bytes([byte ^ mask for byte, mask in zip(data, cycle(key), strict=False)]).decode("utf-8")


def encrypt(text: str, key: bytes) -> str:
    """A string as it would be published."""
    data = bytes([byte ^ mask for byte, mask in zip(text.encode(), cycle(key), strict=False)])
    return base64.b64encode(data).decode()


def _decrypt(record: BrowseRecord, key: bytes, place: str) -> BrowseRecord:
    def refs(documents: list[DocumentRef]) -> list[DocumentRef]:
        return [DocumentRef(decrypt(str(document.docid), key)) for document in documents]

    try:
        return BrowseRecord(
            record.query_id,
            refs(record.evidence_docs),
            refs(record.gold_docs),
            decrypt(record.query, key),
            decrypt(record.answer, key),
        )
    except ValueError as error:
        raise DataError(f"{place}: cannot be decrypted with this canary: {error}") from None


class _Document(Struct, frozen=True):
    docid: str | int
    text: str = ""


class _WithTexts(Struct, frozen=True):
    query: str = ""
    gold_docs: list[_Document] = []
    evidence_docs: list[_Document] = []
    negative_docs: list[_Document] = []


def pages_of(path: str, canary: str | None) -> Iterator[Page]:
    """Every document whose text stands in a file of records, once each.

    Raises:
        DataError: naming the line, if it cannot be decrypted.
    """
    decoder = msgspec.json.Decoder(_WithTexts)
    key: bytes | None = None
    seen: set[str] = set()
    for number, line in enumerate(_raw_lines(path), start=1):
        place = f"{path}: line {number}"
        try:
            record = decoder.decode(line)
            encrypted = bool(record.query) and _BASE64.fullmatch(record.query) is not None
            if encrypted:
                key = key or key_of(canary, place)
            for document in (*record.gold_docs, *record.evidence_docs, *record.negative_docs):
                docid = decrypt(str(document.docid), key) if encrypted and key else str(document.docid)
                if document.text and docid not in seen:
                    seen.add(docid)
                    text = decrypt(document.text, key) if encrypted and key else document.text
                    yield Page(docid, text)
        except (ValueError, msgspec.DecodeError) as error:
            raise DataError(f"{place}: its documents cannot be read: {error}") from None


def _raw_lines(path: str) -> Iterator[bytes]:
    file = Path(path)
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
        yield from (line for line in stream if line.strip())


def has_texts(path: str) -> bool:
    """Whether the first record of a file brings the texts of its documents."""
    for line in _raw_lines(path):
        try:
            record = msgspec.json.decode(line, type=_WithTexts)
        except msgspec.DecodeError:
            return False
        return any(document.text for document in (*record.gold_docs, *record.evidence_docs))
    return False
