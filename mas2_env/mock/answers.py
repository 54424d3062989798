"""What a mock server answers: texts, tool calls, log-probabilities and usage, all from seeded draws."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct

from mas2_env.mock.scenario import DECISIONS, DRAWN, Faults, ReplyRule, Scenario
from mas2_env.reward import count_tokens

PER_MESSAGE: Final = 4
_ASSIGNED = re.compile(r'Example: (\{"backbones":\{.*\}\})')


class Answer(Struct, frozen=True):
    """An answer and its tokens; the completion's include reasoning. `cut`: it ended at the limit given."""

    text: str
    tool: str
    arguments: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cached_tokens: int
    cut: bool = False


def draws(*parts: object) -> Iterator[float]:
    """Uniform numbers in [0, 1) that depend on the parts alone; eight of them."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(errors="surrogatepass"), digest_size=64).digest()
    return (int.from_bytes(digest[i : i + 8], "big") / 2**64 for i in range(0, 64, 8))


def fault_of(faults: Faults, draw: float) -> str:
    """The misbehaviour that a uniform number stands for; empty for none."""
    for name in Faults.__struct_fields__:
        draw -= getattr(faults, name)
        if draw < 0:
            return name
    return ""


def prompt_of(body: Mapping[str, Any]) -> str:
    """The texts of a request, a line apart."""
    if "messages" not in body:
        prompt = body.get("prompt", "")
        return prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))
    return "\n".join(_content(message) for message in body["messages"])


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content if isinstance(part, Mapping))


def answer(scenario: Scenario, body: Mapping[str, Any]) -> Answer:
    """What a request is answered: a function of its model, messages, tools and seed alone."""
    prompt = prompt_of(body)
    rule = _rule(scenario, prompt, str(body.get("model", "")))
    identity = (scenario.seed, body.get("model"), body.get("seed"), prompt)
    drawn = draws(*identity)
    chosen, digit = next(drawn), next(drawn)
    text = rule.texts[int(chosen * len(rule.texts))].replace(DRAWN, str(int(digit * 10)))
    text = _assignment(prompt) or text
    offered = [tool.get("function", {}).get("name") for tool in body.get("tools") or ()]
    used = sum(message.get("role") == "tool" for message in body.get("messages", ()))
    calls = bool(rule.tool) and rule.tool in offered and used < rule.tool_calls
    calls = calls and body.get("tool_choice") != "none"
    said = rule.tool + rule.arguments if calls else text
    size = count_tokens(prompt) + PER_MESSAGE * len(body.get("messages", ()))
    size += count_tokens(json.dumps(body["tools"])) if body.get("tools") else 0
    written = max(1, count_tokens(said)) + rule.reasoning_tokens
    limit = body.get("max_completion_tokens") or body.get("max_tokens") or written
    return Answer(
        text="" if calls else text[: max(0, limit - rule.reasoning_tokens) * 4],
        tool=rule.tool if calls else "",
        arguments=rule.arguments,
        prompt_tokens=max(1, size),
        completion_tokens=min(written, limit),
        reasoning_tokens=min(rule.reasoning_tokens, limit),
        cached_tokens=int(scenario.cached * size),
        cut=written > limit,
    )


def _rule(scenario: Scenario, prompt: str, model: str) -> ReplyRule:
    for rule in scenario.reply or DECISIONS:
        if (not rule.model or rule.model == model) and _pattern(rule.match).search(prompt):
            return rule
    return ReplyRule()


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _assignment(prompt: str) -> str:
    """At the second stage a prompt shows a valid assignment, and that is as good as any."""
    found = _ASSIGNED.search(prompt) if "Stage 2 of 3, implement" in prompt else None
    return found[1] if found else ""


def usage(given: Answer, fault: str = "") -> dict[str, Any] | None:
    """The usage as it stands in a response: that of the answer, unless the fault is about it."""
    if fault == "no_usage":
        return None
    if fault == "wrong_usage":
        return {"prompt_tokens": -1, "completion_tokens": 10**12, "total_tokens": "many"}
    return {
        "prompt_tokens": given.prompt_tokens,
        "completion_tokens": given.completion_tokens,
        "total_tokens": given.prompt_tokens + given.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": given.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": given.reasoning_tokens},
    }


def chat_response(given: Answer, body: Mapping[str, Any], number: int, fault: str) -> dict[str, Any]:
    """The body of a response to `/v1/chat/completions`."""
    message: dict[str, Any] = {"role": "assistant", "content": given.text}
    finish = "content_filter" if fault == "filtered" else "length" if given.cut else "stop"
    if given.tool:
        function = {"name": given.tool, "arguments": given.arguments}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [call]}
        finish = "tool_calls"
    logprobs = {"content": _logprobs(given.text)} if body.get("logprobs") else None
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}
    return _response("chat.completion", [choice], given, body, number, fault)


def text_response(given: Answer, body: Mapping[str, Any], number: int, fault: str) -> dict[str, Any]:
    """The body of a response to `/v1/completions`."""
    choice = {"index": 0, "text": given.text, "finish_reason": "stop", "logprobs": None}
    return _response("text_completion", [choice], given, body, number, fault)


def _response(
    kind: str,
    choices: Sequence[Mapping[str, Any]],
    given: Answer,
    body: Mapping[str, Any],
    number: int,
    fault: str,
) -> dict[str, Any]:
    head = {"id": f"mock-{number}", "object": kind, "created": 0, "model": body.get("model", "")}
    counted = usage(given, fault)
    return {
        **head,
        "choices": [] if fault == "empty" else choices,
        **({} if counted is None else {"usage": counted}),
    }


def _logprobs(text: str) -> list[dict[str, Any]]:
    return [
        {"token": word, "logprob": -next(draws(word)), "bytes": None, "top_logprobs": []}
        for word in re.findall(r"\S+\s*", text)
    ]
