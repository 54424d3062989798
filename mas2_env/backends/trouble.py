"""What can go wrong with a request, and what is to be done about it."""

import email.utils
import time
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from mas2_env.backends.usage import Tokens
from mas2_env.execution.operation import FailureKind

Remedy: TypeAlias = Literal["retry", "wait", "fail", "give up", "halt"]
"""Try again; do so once the provider allows; the operation failed; the episode is void; end the run."""

_OVERFLOW: Final = (
    "context length",
    "context_length",
    "maximum context",
    "context window",
    "too many tokens",
)
_FILTER: Final = ("content_filter", "content management policy", "content_policy", "safety")
_RETRIED: Final = frozenset({408, 409, 425})
_SETTINGS: Final = frozenset({401, 402, 403, 404})


class Trouble(Exception):
    """A request that gave no answer.

    Attributes:
        remedy: what is to be done.
        ended: one word for the ledger.
        after: seconds that the provider asks to wait, if it does.
        tokens: that it bills all the same, if it says so.
        kind: of the failure, for the remedy `fail`.
        answered: whether the provider said that it did nothing, so that nothing is billed.
    """

    def __init__(
        self,
        message: str,
        remedy: Remedy,
        ended: str,
        *,
        after: float | None = None,
        tokens: Tokens | None = None,
        kind: FailureKind = "unavailable",
        answered: bool = False,
    ) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.ended = ended
        self.after = after
        self.tokens = tokens
        self.kind = kind
        self.answered = answered


def trouble_of_status(status: int, headers: Mapping[str, str], body: object, text: str) -> Trouble:
    """The trouble that an HTTP status other than 2xx is.

    Args:
        status: HTTP status.
        headers: of the response; `Retry-After` and `retry-after-ms` count.
        body: of the response, decoded if it was JSON.
        text: of the response, for the message; keys must have been taken out of it.
    """
    code, said = _code(body), " ".join(text.split())[:300]
    message = f"status {status}: {said}" if said else f"status {status}"
    after = retry_after(headers)
    ended = f"status {status}"
    if status == 429 and "insufficient_quota" in code:
        return Trouble(message, "halt", ended, answered=True)
    if status == 429 or (status == 503 and after is not None):
        return Trouble(message, "wait", ended, after=after, answered=True)
    if status >= 500 or status in _RETRIED:
        return Trouble(message, "retry", ended, after=after, answered=True)
    if status in _SETTINGS:
        return Trouble(message, "halt", ended, answered=True)
    words = f"{code} {said}".lower()
    if status == 413 or any(word in words for word in _OVERFLOW):
        return Trouble(message, "fail", "overflow", kind="overflow", answered=True)
    if any(word in words for word in _FILTER):
        return Trouble(message, "fail", "refused", kind="refused", answered=True)
    return Trouble(message, "give up", ended, answered=True)


def _code(body: object) -> str:
    error: Any = body.get("error", body) if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    return f"{error.get('code') or ''} {error.get('type') or ''}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait: of `retry-after-ms`, or of `Retry-After`, a number or a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            date = email.utils.parsedate_tz(value)
            if date is not None:
                return max(0.0, email.utils.mktime_tz(date) - time.time())
    return None
