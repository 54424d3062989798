"""What a helper process does for MATH: parse and compare answers with math-verify, in its main thread.

Requests and answers are frames (see `mas2_env.tools.wire`) on the socket that is descriptor 0. A request
is `[gold, text, whole, limit]`, where `whole` says that `text` is a response and not an answer alone; an
answer is `[success, extracted]`. A request that runs past its limit, in seconds of processor time, is
answered `[null, null]` where Python can still be interrupted; where it cannot, the caller ends this process.
"""

import contextlib
import logging
import math
import os
import resource
import signal
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from mas2_env.tools.wire import Closed, receive, send

MEMORY = 4 << 30
"""Address space in bytes: what needs more is an answer that cannot be compared."""
SPARE = 2
"""Seconds of processor time beyond a request's limit after which the kernel ends a process left alone."""
MOST_GOLDS = 4096


class OutOfTime(BaseException):
    """A request has run past its limit. Not an `Exception`, of which math-verify lets none through."""


class Judge:
    """Parses with math-verify's defaults, but for its own time limit, and remembers parsed gold answers."""

    def __init__(self) -> None:
        from math_verify import parse, verify

        self._parse: Callable[..., list[Any]] = parse
        self._verify: Callable[..., bool] = verify
        self._golds: OrderedDict[str, list[Any]] = OrderedDict()

    def gold(self, answer: str) -> list[Any]:
        """The parsed gold answer, kept."""
        found = self._golds.get(answer)
        if found is None:
            found = self._golds[answer] = self._parse(boxed(answer), parsing_timeout=None)
            while len(self._golds) > MOST_GOLDS:
                self._golds.popitem(last=False)
        return found

    def judge(self, gold: str, text: str, whole: bool) -> tuple[bool, str | None]:
        """The verdict, and for a whole response what was read of it."""
        wanted = self.gold(gold)
        given = self._parse(text if whole else boxed(text), parsing_timeout=None)
        success = bool(self._verify(wanted, given, timeout_seconds=None))
        return success, (str(given[-1]) if given else None) if whole else None


def boxed(answer: str) -> str:
    r"""The answer in a `\boxed{...}`, as math-verify is given it."""
    return f"\\boxed{{{answer}}}"


def main() -> None:
    """Say which math-verify this is, then serve requests until the caller hangs up."""
    caller = os.dup(0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, _alarm)
    judge = Judge()
    judge.judge("1", "1", False)
    os.dup2(nowhere, 2)  # up to here the caller reads what went wrong; a pipe that nobody reads would fill up
    with contextlib.suppress(Closed):
        send(caller, version("math-verify"))
        while True:
            send(caller, _answer(judge, *receive(caller)))


def _alarm(_number: int, _frame: object) -> None:
    raise OutOfTime


def _answer(judge: Judge, gold: str, text: str, whole: bool, limit: float) -> list[Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + limit) + SPARE
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    try:
        signal.setitimer(signal.ITIMER_PROF, limit)
        try:
            return list(judge.judge(gold, text, whole))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except OutOfTime:
        return [None, None]
    except (Exception, RecursionError, MemoryError):  # math-verify could not compare them: no match
        return [False, None]
