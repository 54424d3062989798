"""A file reader over an item's attachments: its documents, whose titles are the file names.

Nothing here opens a file: a name is looked up among the documents, so no path leads anywhere else.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mas2_env.pool import did_you_mean
from mas2_env.task import Document, ToolSpec

MOST_FILES = 100
"""Most files of one listing."""
MOST_CHARACTERS = 8_000
"""Most characters of one reading, its first line aside."""
MOST_LINES = 400
LINES = 100
"""Lines of a reading that does not say how many."""
WIDTH = 1_000
"""Characters from which a line counts as several, so that the whole of any file can be read."""
MAX_NAME = 200

LIST_FILES = ToolSpec(
    name="list_files",
    description="Lists the names of the item's files with their sizes.",
    parameters={
        "type": "object",
        "properties": {
            "contains": {
                "type": "string",
                "description": "only names that contain this, in upper or lower case",
                "maxLength": MAX_NAME,
            }
        },
        "additionalProperties": False,
    },
)
READ_FILE = ToolSpec(
    name="read_file",
    description="Returns lines of one of the item's files.",
    parameters={
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "name of a file, as list_files shows it"},
            "start_line": {
                "type": "integer",
                "description": "first line to return, counted from 1 (default 1)",
                "minimum": 1,
            },
            "lines": {
                "type": "integer",
                "description": f"how many lines to return (default {LINES})",
                "minimum": 1,
                "maximum": MOST_LINES,
            },
        },
        "required": ["name"],
        "additionalProperties": False,
    },
)


def call_list_files(documents: Sequence[Document], arguments: Mapping[str, Any]) -> str:
    """Perform a call of `list_files`: one line a file. Never raises on what a model may write."""
    contains = arguments.get("contains", "")
    if not isinstance(contains, str):
        return f'error: list_files expects {{"contains": string}} or nothing, got {_got(contains)}'
    part = _fold(contains)
    found = [(name, text) for name, text in _named(tuple(documents)).values() if part in _fold(name)]
    if not found:
        return (
            f"no file has {contains[:MAX_NAME]!r} in its name" if documents else "there are no files"
        ) + "; nothing to list"
    shown = [f"{name} ({_size(text)})" for name, text in found[:MOST_FILES]]
    if len(found) > MOST_FILES:
        shown.append(f"... and {len(found) - MOST_FILES} more; narrow the list with `contains`")
    return "\n".join(shown)


def call_read_file(documents: Sequence[Document], arguments: Mapping[str, Any]) -> str:
    """Perform a call of `read_file`: which lines follow, then the lines. Never raises likewise."""
    name = arguments.get("name")
    if not isinstance(name, str) or not name.strip():
        return f'error: read_file expects {{"name": string}}, got {_got(name)}'
    files = _named(tuple(documents))
    file = files.get(name) or files.get(_fold(name))
    if file is None:
        return f"error: there is no file named {name[:MAX_NAME]!r}{_hint(name, files)}"
    start, count = arguments.get("start_line", 1), arguments.get("lines", LINES)
    for what, value in (("start_line", start), ("lines", count)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            return f"error: {what} must be a whole number from 1, got {_got(value)}"
    return _reading(file[0], _lines(file[1]), start, min(count, MOST_LINES))


def _reading(name: str, lines: Sequence[str], start: int, count: int) -> str:
    if not lines:
        return f"[{name}] is empty"
    if start > len(lines):
        return f"error: {name!r} has {_count(len(lines), 'line')}, there is no line {_short(start)}"
    shown: list[str] = []
    room = MOST_CHARACTERS
    for line in lines[start - 1 : start - 1 + count]:
        room -= len(line) + 1
        if room < 0 and shown:
            break
        shown.append(line)
    last = start + len(shown) - 1
    which = f"line {start}" if last == start else f"lines {start} to {last}"
    more = f"; go on with start_line {last + 1}" if last < len(lines) else ""
    return "\n".join((f"[{name}] {which} of {len(lines)}{more}", *shown))


@lru_cache(maxsize=256)
def _named(documents: tuple[Document, ...]) -> dict[str, tuple[str, str]]:
    """Shown name and text of each document by its folded name, in order; equal names are numbered."""
    files: dict[str, tuple[str, str]] = {}
    for document in documents:
        name, number = " ".join(document.title.split()), 1
        while _fold(name) in files:
            number += 1
            name = f"{' '.join(document.title.split())} ({number})"
        files[_fold(name)] = (name, document.text)
    return files


@lru_cache(maxsize=256)
def _lines(text: str) -> tuple[str, ...]:
    """The lines of a text, those that are too long parted at the last white space that fits."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    if not text:
        return ()
    parts: list[str] = []
    for line in text.split("\n"):
        while len(line) > WIDTH:
            place = line.rfind(" ", 1, WIDTH) + 1 or WIDTH
            parts.append(line[:place])
            line = line[place:]
        parts.append(line)
    return tuple(parts)


def _fold(name: str) -> str:
    return " ".join(name.lower().split())


def _size(text: str) -> str:
    return f"{_count(len(_lines(text)), 'line')}, {_count(len(text), 'character')}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


def _hint(name: str, files: Mapping[str, tuple[str, str]]) -> str:
    if not files:
        return "; there are no files"
    near = did_you_mean(name[:MAX_NAME], [shown for shown, _ in files.values()])
    return near or "; list_files names those there are"


def _short(number: int) -> str:
    """A number as it is, unless a model wrote one without end."""
    return str(number) if abs(number) < 10**12 else "of that number"


def _got(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return _short(value)
    if isinstance(value, str):
        return "a string" if value.strip() else "an empty string"
    return "nothing" if value is None else type(value).__name__
