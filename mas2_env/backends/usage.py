"""Tokens of a response, as its server counts them, held to what can be.

The rule, in order:

1. Prompt and completion tokens are the server's, if both are whole numbers of at least 0; a reply that says
   something has at least one completion token; no prompt has more tokens than the request has bytes, and no
   completion more than the request allowed.
2. A total above their sum adds to the completion: some servers leave reasoning out of it.
3. Cached tokens are at most those of the prompt, reasoning tokens at most those of the completion.
4. Otherwise both are estimated, four characters a token, and the ledger says so.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from mas2_env.backends.ledger import UsageSource
from mas2_env.reward import count_tokens

_OVERHEAD: Final = 4096
"""Tokens that a server's template may add to a prompt."""


class Tokens(Struct, frozen=True):
    """Tokens of one request, and where the count comes from."""

    prompt: int
    completion: int
    reasoning: int
    cached: int
    source: UsageSource


def read_usage(usage: object, request: bytes, written: str, most: int) -> Tokens:
    """Tokens of a response.

    Args:
        usage: as it stands in the response, whatever it is.
        request: body of the request.
        written: what the model wrote, arguments of tool calls included.
        most: completion tokens that the request allowed.
    """
    if isinstance(usage, Mapping):
        prompt, completion = _number(usage.get("prompt_tokens")), _number(usage.get("completion_tokens"))
        if prompt is not None and completion is not None:
            total = _number(usage.get("total_tokens"))
            if total is not None and total > prompt + completion:
                completion = total - prompt
            fits = prompt <= len(request) + _OVERHEAD and completion <= most
            if fits and (completion > 0 or not written):
                reasoning = _detail(usage, "completion_tokens_details", "reasoning_tokens")
                cached = _detail(usage, "prompt_tokens_details", "cached_tokens")
                return Tokens(prompt, completion, min(reasoning, completion), min(cached, prompt), "server")
    guess = count_tokens(request.decode("utf-8", "replace"))
    return Tokens(guess, max(1, count_tokens(written)) if written else 0, 0, 0, "estimated")


def _number(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _detail(usage: Mapping[str, Any], group: str, name: str) -> int:
    details = usage.get(group)
    return (_number(details.get(name)) or 0) if isinstance(details, Mapping) else 0
