"""Bamboogle's records: JSON Lines, a JSON list, or the published spreadsheet saved as CSV."""

import csv
import hashlib
import io
from pathlib import Path

from msgspec import Struct, field

from mas2_env.errors import DataError
from mas2_env.pool import did_you_mean
from mas2_env.records import MOST_LINE, Records, read_records


class BamboogleRecord(Struct, frozen=True):
    """One record, in the published form."""

    question: str = field(name="Question")
    answer: str = field(name="Answer")


FIELDS = ("Question", "Answer")


def read_bamboogle(path: str) -> Records[BamboogleRecord]:
    """Read a Bamboogle file; a name that ends in `.csv` is read as such.

    Raises:
        DataError: naming the line, if a record lacks a question or an answer.
    """
    table = path.lower().endswith(".csv") and Path(path).is_file()
    records = _read_csv(path) if table else read_records(path, BamboogleRecord)
    for index, record in enumerate(records.rows):
        for name, text in zip(FIELDS, (record.question, record.answer), strict=True):
            if not text.strip():
                raise DataError(f"{records.place(index)}: `{name}` is empty")
    return records


def _read_csv(path: str) -> Records[BamboogleRecord]:
    try:
        with Path(path).open("rb") as file:
            stored = file.read(MOST_LINE + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(stored) > MOST_LINE:
        raise DataError(f"{path}: is larger than {MOST_LINE >> 20} MiB, as no file of Bamboogle is")
    try:
        text = stored.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = stored.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line}: not UTF-8 ({error.reason}); save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[BamboogleRecord] = []
    lines: list[int] = []
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            if header and cells:
                rows.append(_record(path, start, header, cells))
                lines.append(start)
            elif cells:
                header = _header(path, cells)
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: line {start}: not CSV: {error}") from None
    if not rows:
        raise DataError(f"{path}: holds no record; expected columns Question and Answer, and rows")
    digest = hashlib.sha256(stored).hexdigest()
    return Records(path=path, digest=digest, rows=tuple(rows), lines=tuple(lines), unit="line")


def _header(path: str, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in FIELDS:
        if name not in names:
            raise DataError(f"{path}: line 1: there is no column `{name}`{did_you_mean(name, names)}")
    return names


def _record(path: str, line: int, header: list[str], cells: list[str]) -> BamboogleRecord:
    if len(cells) != len(header):
        raise DataError(f"{path}: line {line}: {len(cells)} cells, but {len(header)} columns are named")
    found = dict(zip(header, cells, strict=True))
    return BamboogleRecord(found["Question"], found["Answer"])
