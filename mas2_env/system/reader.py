"""A lenient reader that takes a decision out of what a language model wrote."""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from mas2_env.errors import InvalidDecision
from mas2_env.system.model import Assignment, Decision, Edit, Rectification, Template
from mas2_env.system.relaxed import Parser, Unreadable
from mas2_env.system.shape import shape_faults

T = TypeVar("T", Template, Assignment, Rectification)

MAX_CHARS: Final = 200_000
MAX_LINES: Final = 8

_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Template, Assignment, Rectification)
}
_EXPECTED: Final = {
    Template: '{"roles": [...], "channels": [...], "output": "..."}',
    Assignment: '{"backbones": {"role": "backbone", ...}}',
    Rectification: '{"edits": [...]}',
}
_WRAPPERS: Final = (
    *("decision", "template", "assignment", "rectification", "system", "workflow", "answer", "action"),
    *("output", "result", "response", "arguments", "parameters"),
)
_THOUGHT = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_BRACKET = re.compile(r"[{\[]")
_RESTARTS: Final = 16
_WRAPPED: Final = 4
_LAST: Final = 64
"""Candidates that are looked at, from the end."""
_TAGS: Final = {str(edit.__struct_config__.tag) for edit in Edit.__args__}


class Reading(Struct, frozen=True):
    """A decision and what had to be repaired to read it (empty for clean JSON)."""

    decision: Template | Assignment | Rectification
    repairs: tuple[str, ...]


def read(text: str, kind: type[T]) -> Reading:
    """Read a decision of a kind out of a text.

    Clean JSON is taken as it is. Otherwise the last object in the text that is a decision of the kind is
    taken, with faults of writing repaired; what stands before `</think>` counts only if nothing after it
    does.

    Raises:
        InvalidDecision: if there is none, with JSON paths; at once if the text has over 200,000 characters.
    """
    if not isinstance(text, str):
        raise InvalidDecision([f"$: given a {type(text).__name__}, expected a text with {_EXPECTED[kind]}"])
    if len(text) > MAX_CHARS:
        raise InvalidDecision([f"$: given {len(text)} characters, expected at most {MAX_CHARS}"])
    try:
        return Reading(_DECODERS[kind].decode(text), ())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return _search(text, kind)


class _Candidate(Struct, frozen=True):
    """A bracketed value of a text, or why there is none at this place."""

    value: Any
    start: int
    end: int
    repairs: tuple[str, ...] = ()


def _search(text: str, kind: type[Decision]) -> Reading:
    repairs: list[str] = []
    if not text.isascii():
        clean = text.encode("utf-8", "replace").decode()
        if clean != text:
            repairs.append("replaced characters that are not Unicode text")
            text = clean
    thoughts = [match.end() for match in _THOUGHT.finditer(text)]
    parts = [text[thoughts[-1] :], text[: thoughts[-1]]] if thoughts else [text]
    nothing = f"$: no JSON object is to be found in the text, expected {_EXPECTED[kind]}"
    best: tuple[int, list[str]] = (-1, [nothing])
    for number, part in enumerate(parts):
        found = list(_candidates(part))
        whole = not any(isinstance(candidate.value, Unreadable) for candidate in found)
        # An empty bracket counts only where nothing else does: prose is full of them.
        for candidate in sorted(found[-_LAST:], key=_says_more, reverse=True):
            plain, fixes = _unwrap(candidate.value, kind, whole)
            decision, faults, lax = _convert(plain, kind)
            if decision is not None and ((candidate.value and plain) or (whole and not candidate.repairs)):
                if number == 0 and len(parts) > 1:
                    repairs.append("left out the reasoning before the decision")
                repairs += [*_around(part, candidate), *candidate.repairs, *fixes, *lax]
                return Reading(decision, tuple(repairs))
            rank = _likeness(plain, kind)
            if rank > best[0]:
                best = (rank, faults or [_locate(part, candidate.value)])
    lines = best[1]
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], f"$: and {len(lines) - MAX_LINES + 1} more faults"]
    raise InvalidDecision(lines)


def _candidates(text: str) -> Iterator[_Candidate]:
    """Every bracketed value of a text, from left to right; where it cannot be read, an `Unreadable`."""
    parser = Parser(text)
    at = 0
    restarts = 0
    while True:
        match = _BRACKET.search(text, at)
        if match is None:
            return
        start = match.start()
        try:
            value, at = parser.parse(start)
            yield _Candidate(value, start, at, tuple(parser.repairs))
        except Unreadable as error:
            at = max(start + 1, error.place)
            # `{x}` in prose is no attempt at a decision.
            if parser.begun:
                yield _Candidate(error, start, at)
        if parser.cut and restarts < _RESTARTS:
            # An apostrophe in prose can have swallowed the rest of the text.
            restarts += 1
            at = start + 1


def _says_more(candidate: _Candidate) -> tuple[bool, int]:
    return bool(candidate.value), candidate.start


def _locate(text: str, error: object) -> str:
    if not isinstance(error, Unreadable):
        return "$: given an object without content amid text that cannot be read, expected one whole decision"
    line = text.count("\n", 0, error.place) + 1
    column = error.place - text.rfind("\n", 0, error.place)
    return f"$: not JSON at line {line}, column {column}: {error}"


def _around(text: str, found: _Candidate) -> list[str]:
    rest = [text[: found.start].strip(), text[found.end :].strip()]
    fenced = "```" in rest[0] or rest[1].startswith("```")
    rest = [re.sub(r"```[\w-]*", "", part).strip() for part in rest]
    return ["took it out of a code fence"] * fenced + ["left out the text around it"] * any(rest)


def _unwrap(value: Any, kind: type, whole: bool) -> tuple[Any, list[str]]:
    """The decision in what it is wrapped in; `whole` unless parts of the text could not be read."""
    fields = set(kind.__struct_fields__)  # type: ignore[attr-defined]
    repairs: list[str] = []
    for _ in range(_WRAPPED):
        if isinstance(value, list):
            if kind is Rectification and (not value or all(_is_edit(part) for part in value)):
                return {"edits": value}, [*repairs, "took the list as the edits"]
            if len(value) != 1:
                break
            value = value[0]
            repairs.append("took the object out of a list")
        if not isinstance(value, dict) or fields & value.keys():
            break
        if kind is Rectification and _is_edit(value):
            return {"edits": [value]}, [*repairs, "took the object as the only edit"]
        inner = [key for key in _WRAPPERS if isinstance(value.get(key), dict | list)]
        if len(value) == 1 and not inner:
            inner = [key for key in value if isinstance(value[key], dict)]
        if not inner:
            break
        repairs.append(f"took the decision out of {inner[0]!r}")
        value = value[inner[0]]
    bare = kind is Assignment and whole and isinstance(value, dict) and bool(value)
    if bare and all(isinstance(part, str) for part in value.values()):
        return {"backbones": value}, [*repairs, "took the object as the backbones"]
    return value, repairs


def _is_edit(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str) and value["type"] in _TAGS


def _convert(value: Any, kind: type[Decision]) -> tuple[Decision | None, list[str], list[str]]:
    if isinstance(value, Unreadable):
        return None, [], []
    try:
        return msgspec.convert(value, kind), [], []
    except msgspec.ValidationError:
        faults = shape_faults(value, kind)
    try:
        return msgspec.convert(value, kind, strict=False), [], ["read texts as the numbers in them"]
    except msgspec.ValidationError:
        return None, faults, []


def _likeness(value: Any, kind: type) -> int:
    """How much a value looks like a decision of the kind; unreadable text may be one."""
    if isinstance(value, Unreadable):
        return 1
    if not isinstance(value, dict):
        return 0
    return 2 * len(value.keys() & set(kind.__struct_fields__))  # type: ignore[attr-defined]
