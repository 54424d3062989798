"""What a model wrote itself, before any server has read it: which of it are calls of tools.

Read are the forms of Hermes (`<tool_call>{"name": ..., "arguments": ...}</tool_call>`: Qwen 2.5 and 3), of
Qwen 3.5 (the same mark around `<function=NAME><parameter=KEY>VALUE</parameter></function>`), and of Llama 3
(a reply that is nothing but `{"name": ..., "parameters": ...}`).
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.task import ToolUse

_THOUGHT: Final = re.compile(r"\A.*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)
_MARKED: Final = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL)
_FUNCTION: Final = re.compile(r"<function=([^>\n]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER: Final = re.compile(r"<parameter=([^>\n]+)>\s*(.*?)\s*</parameter>", re.DOTALL)


class Speech(Struct, frozen=True):
    """What a model wrote: its text, without thoughts and calls, and the tools that it asks for."""

    text: str
    uses: tuple[ToolUse, ...] = ()


def read_speech(text: str, offered: tuple[str, ...] = ()) -> Speech:
    """Read what a model wrote.

    What looks like a call but cannot be read stays in the text, as do calls if no tool is offered.
    """
    said = _THOUGHT.sub("", text, count=1)
    if not offered:
        return Speech(said)
    whole = _from_json(said.strip(), offered)
    if whole is not None:
        return Speech("", (whole,))
    uses = []

    def take(match: re.Match[str]) -> str:
        use = _from_json(match[1]) or _from_tags(match[1])
        if use is None:
            return match[0]
        uses.append(use)
        return ""

    rest = _MARKED.sub(take, said)
    return Speech(rest.strip() if uses else said, tuple(uses))


def _from_json(text: str, names: tuple[str, ...] = ()) -> ToolUse | None:
    """A call written as JSON; of one of the names, if any are given."""
    if not text.startswith("{"):
        return None
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    name = value.get("name")
    arguments = value.get("arguments", value.get("parameters", {}))
    if not isinstance(name, str) or (names and name not in names):
        return None
    return ToolUse(name, arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode())


def _from_tags(text: str) -> ToolUse | None:
    match = _FUNCTION.match(text)
    if match is None:
        return None
    given = {key.strip(): _value(value) for key, value in _PARAMETER.findall(match[2])}
    return ToolUse(match[1].strip(), msgspec.json.encode(given).decode())


def _value(text: str) -> Any:
    """A parameter's value: JSON where it is a number, a list or the like, else the text itself."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
