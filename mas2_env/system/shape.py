"""Faults of shape: what keeps plain data from being a decision, all of it at once.

`msgspec.convert` stops at the first fault. This walks the same types and goes on, so that whoever wrote the
decision can mend everything in one go.
"""

import re
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mas2_env.pool import did_you_mean
from mas2_env.system.model import ChangeRole, Name

_NAME = "a name: a letter, then letters, digits, _ or -, at most 40 characters"
_PLAIN = {
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "object": "an object",
    "null": "nothing",
}


def shape_faults(value: object, kind: Any, path: str = "$") -> list[str]:
    """Every fault of shape in plain data that should be a `kind`; empty if `msgspec.convert` accepts it."""
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, UnicodeError):
        found = _walk(value, kind, path)
        return found or [f"{path}: given {given(value)}, expected another shape"]
    return []


def instance_faults(value: object, kind: type[Struct]) -> list[str]:
    """Faults of shape in a struct that was built in Python, where nothing checks types."""
    if not isinstance(value, kind):
        return [f"$: given a {type(value).__name__}, expected a {kind.__name__}"]
    try:
        plain = msgspec.to_builtins(value)
        _refuse_plain(value)
    except (TypeError, ValueError, RecursionError) as error:
        return [f"$: the {kind.__name__} holds something that it cannot hold: {str(error)[:200]}"]
    return shape_faults(plain, kind)


def _refuse_plain(value: object) -> None:
    """Raise `TypeError` if lists stand in a struct where tuples are expected, or dicts for structs."""
    if isinstance(value, Struct):
        for field in value.__struct_fields__:
            part = getattr(value, field)
            if part is UNSET and type(value) is not ChangeRole:
                raise TypeError(f"{field} is not set")
            if not (isinstance(part, dict) and field == "backbones"):
                _refuse_plain(part)
    elif isinstance(value, tuple):
        for part in value:
            _refuse_plain(part)
    elif isinstance(value, list | dict):
        wanted = "a tuple" if isinstance(value, list) else "a struct"
        raise TypeError(f"{given(value)} is given where {wanted} is expected")


def given(value: object) -> str:
    """A value as errors quote it: short, one line, and printable."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _walk(value: object, kind: Any, path: str) -> list[str]:
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(value, kind, path)
    if origin is Annotated:
        return _leaf(value, kind, path)
    if origin in (Union, types.UnionType):
        return _union(value, kind, path)
    if origin is tuple and isinstance(value, list | tuple):
        return [
            line
            for i, part in enumerate(value)
            for line in shape_faults(part, get_args(kind)[0], f"{path}[{i}]")
        ]
    if origin is dict and isinstance(value, dict):
        each = get_args(kind)[1]
        return [line for key, part in value.items() for line in shape_faults(part, each, f"{path}.{key}")]
    return _leaf(value, kind, path)


def _struct(value: object, kind: type[Struct], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: given {given(value)}, expected an object with {_fields(kind)}"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    faults = []
    for key in value:
        if key not in fields and key != tag:
            faults.append(
                f"{path}: given an unknown field {given(key)}, expected {_fields(kind)}"
                f"{did_you_mean(str(key), fields)}"
            )
    for name, field in fields.items():
        if name in value:
            faults += shape_faults(value[name], field.type, f"{path}.{name}")
        elif field.required:
            faults.append(f"{path}: the field {name!r} is missing; expected {_fields(kind)}")
    return faults


def _union(value: object, kind: Any, path: str) -> list[str]:
    members = [member for member in get_args(kind) if member not in (type(None), UnsetType)]
    structs = {
        str(m.__struct_config__.tag): m for m in members if isinstance(m, type) and issubclass(m, Struct)
    }
    if not structs:
        return _walk(value, members[0], path) if len(members) == 1 else _leaf(value, kind, path)
    names = ", ".join(structs)
    if not isinstance(value, dict):
        return [f"{path}: given {given(value)}, expected an object whose 'type' is one of {names}"]
    if "type" not in value:
        return [f"{path}: the field 'type' is missing; expected one of {names}"]
    tag = value["type"]
    if not isinstance(tag, str) or tag not in structs:
        return [f"{path}.type: given {given(tag)}, expected one of {names}{did_you_mean(str(tag), structs)}"]
    return _struct(value, structs[tag], path)


def _leaf(value: object, kind: Any, path: str) -> list[str]:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        if get_origin(kind) is Literal:
            words = get_args(kind)
            hint = did_you_mean(value, words) if isinstance(value, str) else ""
            return [f"{path}: given {given(value)}, expected one of {', '.join(words)}{hint}"]
        wanted = _NAME if kind == Name else str(error).split(" - at `")[0]
        wanted = wanted.split(", got ")[0].removeprefix("Expected ").replace("`", "")
        if isinstance(error, UnicodeError):
            wanted = "another type, and no lone surrogate"
        for word, plain in _PLAIN.items():
            wanted = re.sub(rf"\b{word}\b", plain, wanted)
        return [f"{path}: given {given(value)}, expected {wanted}"]
    return []


def _fields(kind: type[Struct]) -> str:
    tag = [str(kind.__struct_config__.tag_field)] if kind.__struct_config__.tag_field else []
    return ", ".join(tag + [field.encode_name for field in msgspec.structs.fields(kind)])
