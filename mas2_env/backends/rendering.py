"""What a role of a running system is told, as chat messages. The wordings are in `data/prompts/roles.toml`.

The system message says what its kind of role does, its own instruction, and the form of an answer where it
gives one. The user message holds the query, then what the role is given, each under a line that says from
whom, then what is asked for. Steps of a tool loop follow as calls and outputs. Nothing hidden is rendered:
of the item only its query.
"""

import tomllib
from collections import Counter
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from msgspec import Struct, convert

from mas2_env.backends.prompt import ChatMessage, Label, Prompt, ToolRequest
from mas2_env.execution.operation import ModelCall, Turn
from mas2_env.task import Task, ToolSpec

SILENT: Final = frozenset({"plan", "search", "critique", "rank", "route"})
"""Kinds of roles that answer no query, so the form of an answer is not theirs."""

_ANSWERS: Final = frozenset({"draft", "debate", "revise"})


class Wordings(Struct, frozen=True):
    """The texts of `data/prompts/roles.toml`, by table."""

    version: str
    kind: dict[str, str]
    relation: dict[str, str]
    purpose: dict[str, str]
    text: dict[str, str]


@cache
def wordings() -> Wordings:
    """The wordings, read once."""
    path = files("mas2_env") / "data" / "prompts" / "roles.toml"
    return convert(tomllib.loads(path.read_text(encoding="utf-8")), Wordings)


def render_call(call: ModelCall) -> Prompt:
    """A model call of a system as a request.

    Its sample is drawn from the call's key, which covers all that may influence the result: another seed,
    copy, round or retry is another sample, and the same call in another run is the same one.
    """
    turn, item = call.turn, call.item
    messages = [ChatMessage("system", _system(turn, item.task)), ChatMessage("user", _user(call))]
    for number, step in enumerate(call.history):
        request = ToolRequest(f"call_{number}", step.use.name, step.use.arguments)
        messages.append(ChatMessage("assistant", "", request))
        messages.append(ChatMessage("tool", step.output, None, request.id))
    closed = not turn.tools and bool(call.history)
    return Prompt(
        backbone=call.backbone,
        messages=tuple(messages),
        sample=int.from_bytes(call.key[:6], "big"),
        label=Label(item.id, turn.role, call.id, call.attempt),
        tools=_tools(item.task, tuple({s.use.name for s in call.history}) if closed else turn.tools),
        closed=closed,
        key=call.key,
    )


def _tools(task: Task, names: tuple[str, ...]) -> tuple[ToolSpec, ...]:
    return tuple([tool for tool in task.tools if tool.name in names]) if names else ()


@lru_cache(maxsize=4096)
def _system(turn: Turn, task: Task) -> str:
    texts = wordings()
    parts = [texts.kind[turn.kind], turn.prompt.strip()]
    if turn.tools:
        parts.append(texts.text["tools"])
    if turn.purpose in _ANSWERS and turn.kind not in SILENT:
        parts.append(texts.text["answer"].format(answer_format=task.answer_format))
    return "\n".join([part for part in parts if part])


def _user(call: ModelCall) -> str:
    texts = wordings()
    parts = [f"{texts.text['query']}\n{call.item.query}"]
    places = {message.sender.partition("@")[0] for message in call.messages}
    copies = Counter(place.partition("#")[0] for place in places)
    for message in call.messages:
        place = message.sender.partition("@")[0]
        role = place.partition("#")[0]
        sender = place if copies[role] > 1 or place in call.turn.options else role
        parts.append(f"{texts.relation[message.relation].format(sender=sender)}\n{message.text}")
    asked = texts.purpose[call.turn.purpose]
    if asked:
        parts.append(asked.format(options=", ".join(call.turn.options)))
    return "\n\n".join(parts)
