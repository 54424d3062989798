"""Tasks and backends as they are named in text: `name[option=value,…]`."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from mas2_env.errors import PluginError

_PLAIN: Final = re.compile(r"[A-Za-z_./~][\w./~-]*")


def parse_spec(spec: str) -> tuple[str, dict[str, Any]]:
    """Name and options of `name[key=value,…]`; values are JSON, or else text.

    Raises:
        PluginError: if it is not of that form.
    """
    name, bracket, rest = spec.partition("[")
    if not bracket:
        return spec, {}
    options: dict[str, Any] = {}
    for part in split_words(rest.removesuffix("]")):
        key, equals, value = part.partition("=")
        if not rest.endswith("]") or not equals or not key.isidentifier() or key in options:
            raise PluginError(f"{spec!r} is no name with options; expected name[option=value,option=value]")
        try:
            options[key] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            options[key] = value
    return name.strip(), options


def split_words(text: str) -> list[str]:
    """The words between the commas of a text that stand outside brackets and quotes."""
    words, depth, quoted, escaped = [""], 0, False, False
    for character in text:
        quoted ^= character == '"' and not escaped
        escaped = quoted and character == "\\" and not escaped
        depth += 0 if quoted else (character in "[{(") - (character in ")}]")
        if character == "," and depth == 0 and not quoted:
            words.append("")
        else:
            words[-1] += character
    return [word.strip() for word in words if word.strip()]


def label_of(name: str, variant: Mapping[str, Any]) -> str:
    """`name[key=value,…]`, which `parse_spec` reads; the bare name where there is no variant."""
    if not variant:
        return name
    return f"{name}[{','.join(f'{key}={_word(value)}' for key, value in variant.items())}]"


def _word(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in ("true", "false", "null"):
        return value
    return msgspec.json.encode(value).decode()


def arguments_of(made_by: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """What a class or function may be given by name.

    Of a class that hands keywords on (`**kwargs`), also what the classes that it hands them to take.
    """
    found: dict[str, inspect.Parameter] = {}
    for one in made_by.__mro__ if isinstance(made_by, type) else (made_by,):
        parameters = inspect.signature(one).parameters.values()
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found
