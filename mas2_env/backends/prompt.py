"""A request to a language model, in chat form: what every backend of real models is asked."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from mas2_env.task import ToolSpec

Stage: TypeAlias = Literal["generate", "implement", "rectify"]


class Label(Struct, frozen=True):
    """What a request is for, as the ledger says it.

    Attributes:
        query: id of the item; empty for a meta-agent, who sees no id.
        role: who asks: a role of a system, or the stage of a meta-agent.
        operation: id of the model call.
        attempt: 0, or the number of the retry that a Rectifier ordered.
        about: of a meta-agent, the observation that it was given, itself: a run knows its item by it.
    """

    query: str
    role: str
    operation: str
    attempt: int = 0
    about: object = None


class ToolRequest(Struct, frozen=True):
    """A tool call in a conversation: what the model asked for; `id` ties its output to it."""

    id: str
    name: str
    arguments: str


class ChatMessage(Struct, frozen=True):
    """A message of a conversation.

    Attributes:
        role: `system`, `user`, `assistant` or `tool`.
        text: what it says.
        request: with `assistant`, the tool call it made.
        answers: with `tool`, the id of the request that it answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    request: ToolRequest | None = None
    answers: str = ""


class Prompt(Struct, frozen=True):
    """One request.

    Attributes:
        backbone: name of the model in the pool.
        messages: the conversation so far.
        sample: which of the samples of this conversation is asked for: two requests that are alike in all
            else but this are two samples, and never share a kept answer.
        label: what it is for.
        tools: that the model may call.
        closed: tools are shown because the conversation used them, but may not be called any more.
        schema: JSON schema of the reply, where the server can be held to one.
        key: of the model call, for records.
    """

    backbone: str
    messages: tuple[ChatMessage, ...]
    sample: int
    label: Label
    tools: tuple[ToolSpec, ...] = ()
    closed: bool = False
    schema: dict[str, Any] | None = None
    key: bytes = b""


def wire_messages(messages: tuple[ChatMessage, ...]) -> list[dict[str, Any]]:
    """Messages in the form of the OpenAI protocol."""
    return [_wire(message) for message in messages]


def _wire(message: ChatMessage) -> dict[str, Any]:
    if message.request is not None:
        function = {"name": message.request.name, "arguments": message.request.arguments}
        call = {"id": message.request.id, "type": "function", "function": function}
        return {"role": "assistant", "content": message.text or None, "tool_calls": [call]}
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.answers, "content": message.text}
    return {"role": message.role, "content": message.text}


def wire_tools(tools: tuple[ToolSpec, ...]) -> list[dict[str, Any]]:
    """Tools in the form of the OpenAI protocol."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": {"type": "object", **tool.parameters},
            },
        }
        for tool in tools
    ]
