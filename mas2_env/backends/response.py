"""A response of the OpenAI protocol, read leniently: servers differ, and some send what is none."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from mas2_env.backends.usage import Tokens, read_usage
from mas2_env.execution.operation import Failure, Reply
from mas2_env.task import ToolUse

_THOUGHT: Final = re.compile(r"\A.*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)


class Unusable(Exception):
    """A response that holds no answer; `tokens` are those it bills, None where it does not say."""

    def __init__(self, message: str, tokens: Tokens | None = None) -> None:
        super().__init__(message)
        self.tokens = tokens


class _Response(Struct):
    choices: Any = None
    usage: Any = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Response)


def read_response(data: bytes, request: bytes, most: int) -> tuple[Reply | Failure, Tokens]:
    """The answer in the body of a response, with its tokens.

    Args:
        data: body of the response.
        request: body of the request.
        most: completion tokens that the request allowed.

    Raises:
        Unusable: if there is none.
    """
    try:
        response = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"the body of the response is no JSON object: {error}") from None
    choices = response.choices
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        tokens = read_usage(response.usage, request, "", most) if response.usage is not None else None
        said = f": {response.error!r:.200}" if response.error else ""
        raise Unusable(f"the response has no choices{said}", tokens)
    text, uses = _text(message), _uses(message.get("tool_calls"))
    written = text + _said(message, "reasoning_content") + "".join(use.arguments for use in uses)
    tokens = read_usage(response.usage, request, written, most)
    return _answer(choice, message, text, uses, tokens), tokens


def _answer(
    choice: Mapping[str, Any],
    message: Mapping[str, Any],
    text: str,
    uses: tuple[ToolUse, ...],
    tokens: Tokens,
) -> Reply | Failure:
    spent = (tokens.prompt, tokens.completion, tokens.reasoning)
    finish = choice.get("finish_reason")
    if finish == "content_filter":
        return Failure("refused", "the provider's content filter cut the reply off", *spent)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return Failure("refused", f"the model refused: {refusal[:200]}", *spent)
    visible = _THOUGHT.sub("", text, count=1)
    if not visible.strip() and not uses:
        cut = f"was cut off after {tokens.completion} tokens, before it said anything"
        return Failure("malformed", f"the reply {cut if finish == 'length' else 'is empty'}", *spent)
    return Reply(
        visible,
        tokens.prompt,
        tokens.completion,
        uses,
        "length" if finish == "length" else "",
        _logprobs(choice),
        tokens.reasoning,
    )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(_said(part, "text") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _said(message: Mapping[str, Any], field: str) -> str:
    value = message.get(field)
    return value if isinstance(value, str) else ""


def _uses(calls: object) -> tuple[ToolUse, ...]:
    found = []
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            arguments = function.get("arguments")
            if not isinstance(arguments, str):
                arguments = msgspec.json.encode(arguments if arguments is not None else {}).decode()
            found.append(ToolUse(function["name"], arguments or "{}"))
    return tuple(found)


def _logprobs(choice: Mapping[str, Any]) -> tuple[float, ...]:
    logprobs = choice.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(content, list):
        return ()
    values = [token.get("logprob") for token in content if isinstance(token, Mapping)]
    return tuple([float(value) for value in values if isinstance(value, int | float)])
