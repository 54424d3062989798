"""Backends that do what they are told: for tests, examples and measurements."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from mas2_env.backends.base import Backend
from mas2_env.errors import Breakdown
from mas2_env.execution.operation import Failure, ModelCall, Reply
from mas2_env.reward import count_tokens

Line: TypeAlias = str | Reply | Failure
"""What a script says: a text, which is counted in tokens, or a whole result."""


class Scripted(Backend):
    """Answers from a script.

    Args:
        script: a function of the call; or a mapping from turn ids (`solver#0@0`), or names of roles
            (`solver`), to what is said there. A turn id goes before a role.
        default: what is said at turns that a mapping does not hold; without it they raise `KeyError`.

    Example:
        >>> from mas2_env.backends.scripted import Scripted
        >>> backend = Scripted({"solver": "Answer: 4", "reviewer#0@0": "APPROVE"})
    """

    def __init__(
        self, script: Callable[[ModelCall], Line] | Mapping[str, Line], default: Line | None = None
    ) -> None:
        self._script = script
        self._default = default

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        """Answer every call, in order.

        Raises:
            KeyError: if a mapping holds neither the turn nor its role and there is no default.
        """
        return [_result(call, self._line(call)) for call in calls]

    def _line(self, call: ModelCall) -> Line:
        if callable(self._script):
            return self._script(call)
        turn = call.turn
        line = self._script.get(turn.id, self._script.get(turn.role, self._default))
        if line is None:
            raise KeyError(
                f"the script has no line for turn {turn.id!r} or role {turn.role!r}; "
                f"it has {', '.join(map(repr, self._script)) or 'none'}"
            )
        return line


class Constant(Backend):
    """Says the same at every call and does no work: measures what everything else costs.

    Args:
        reply: a text, or the one `Reply` or `Failure` that is handed out each time.
    """

    def __init__(self, reply: Line = "Answer: 0") -> None:
        if isinstance(reply, str):
            reply = Reply(reply, 1, max(1, count_tokens(reply)))
        self._reply: Reply | Failure = reply

    def complete(self, calls: Sequence[ModelCall]) -> list[Reply | Failure]:
        """The same result for every call."""
        return [self._reply] * len(calls)


class Sleeping(Backend):
    """Makes each call take a fixed time, then lets another backend answer: measures concurrency.

    Args:
        backend: what answers.
        seconds: how long each `acomplete` sleeps. `complete` does not sleep.
    """

    def __init__(self, backend: Backend, seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds

    def complete(self, calls: Sequence[ModelCall]) -> Sequence[Reply | Failure | Breakdown]:
        """Answer at once."""
        return self._backend.complete(calls)

    async def acomplete(self, call: ModelCall) -> Reply | Failure | Breakdown:
        """Sleep, then answer."""
        await asyncio.sleep(self._seconds)
        return await self._backend.acomplete(call)


def _result(call: ModelCall, line: Line) -> Reply | Failure:
    if isinstance(line, str):
        prompt_tokens = count_tokens(call.item.query) + sum(count_tokens(m.text) for m in call.messages)
        return Reply(line, prompt_tokens, max(1, count_tokens(line)))
    return line
