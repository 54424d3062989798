r"""Verdicts on answers to MATH by math-verify, out of process, under a real time limit.

math-verify limits its time with an alarm signal, which works in a main thread alone and cannot interrupt a
long power or factorial. Here it runs in helper processes, so that any thread may ask and a helper that does
not answer in time is ended and replaced. The time is the helper's own on a processor: what a machine that is
busy with others makes it wait for makes no answer wrong.
"""

import math
import os
import re
import sys
import threading
import time
import weakref
from collections import OrderedDict
from fractions import Fraction
from hashlib import blake2b

from msgspec import Struct

from mas2_env.errors import TaskError
from mas2_env.tools.helper import Helper, HelperLost

VERSION = "0.9.0"
"""Of math-verify: verdicts move with it."""
LIMIT = 5.0
"""Seconds of processor time for one answer; math-verify's own default for a parse and for a comparison."""
PATIENCE = 20.0
"""How much longer than its limit an answer may take on a machine that is busy with others."""
EARLY = 0.96
"""Share of the limit after which a helper gives up by itself, if it can be interrupted."""
LEAST = 0.01
"""Seconds left from which a helper has used up its time: a tick of the system's count."""
START_LIMIT = 60.0
MOST_CHARACTERS = 100_000
"""Length from which an answer is refused unread."""


class Verdict(Struct, frozen=True):
    """What became of an answer.

    Attributes:
        success: whether math-verify finds it equal to the gold answer.
        extracted: for a whole response, what math-verify read of it (the last that it parsed).
        timed_out: whether the limit was reached, which is no success.
    """

    success: bool
    extracted: str | None = None
    timed_out: bool = False


_NO = Verdict(False)
_YES = Verdict(True)
_LATE = Verdict(False, timed_out=True)

# Where the verdict is known without asking. Two integers, or fractions of short integers, are compared by
# value. An answer that is its gold answer to the letter is accepted by math-verify as soon as both leave
# anything at all after its clean-up and are parsed in time (it compares the texts as well): this holds for
# short ones of these characters, which have a number or variable outside of commands, no power to speak of
# and no factorial.
_INTEGER = re.compile(r"-?[1-9]\d{0,14}|0")
_FRACTION = re.compile(r"-?\\frac\{([1-9]\d{0,4})\}\{([1-9]\d{0,4})\}")
_COMMAND = re.compile(r"\\(?:frac|sqrt|pi|left|right|infty|cup|theta|le|ge|in)(?![a-zA-Z])")
_PLAIN = re.compile(r"[-+0-9xyzabckmnrtpq(){}\[\]/,=<>. ]+")
_POWER = re.compile(r"[a-z]\^(?:\{(?:[2-9]|1\d)\}|[2-9](?!\d))(?!\^)")
_SHORT = 120


def known(gold: str, answer: str) -> bool | None:
    """The verdict where it can be told without math-verify, else None."""
    if len(answer) > _SHORT or len(gold) > _SHORT:
        return None
    if (wanted := _exact(gold)) is not None and (given := _exact(answer)) is not None:
        return wanted == given
    return True if gold == answer and (wanted is not None or _harmless(gold)) else None


def _exact(text: str) -> Fraction | None:
    if _INTEGER.fullmatch(text):
        return Fraction(int(text))
    if found := _FRACTION.fullmatch(text):
        return Fraction(int(found[1]), int(found[2])) * (-1 if text[0] == "-" else 1)
    return None


def _harmless(text: str) -> bool:
    rest = _POWER.sub("x", _COMMAND.sub("", text))
    if _PLAIN.fullmatch(rest) is None or not any(mark.isdigit() for mark in rest) or text[-1] in ". ":
        return False
    depth = 0
    for mark in text:
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0


_INSTALL = "install the extra: pip install 'mas2-env[tasks]'"


def _start() -> Helper:
    """A helper that is ready, with the version of math-verify that verdicts are promised of."""
    code = f"import sys;sys.path[:]={sys.path!r};from mas2_tasks.math_worker import main;main()"
    try:
        helper = Helper(
            [sys.executable, "-P", "-B", "-c", code],
            {**os.environ, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"},
            errors=True,
        )
    except OSError as error:
        raise TaskError(f"cannot start {sys.executable} to compare answers: {error}") from error
    try:
        found = helper.receive(START_LIMIT)
    except HelperLost as error:
        last = helper.complaints().strip().rpartition("\n")[2]
        helper.close(kill=True)
        hint = f"; {_INSTALL}" if "math-verify" in last or "ModuleNotFound" in last else ""
        raise TaskError(f"the helper that compares answers does not start: {last or error}{hint}") from error
    if found != VERSION:
        helper.close()
        raise TaskError(f"MATH is scored by math-verify {VERSION}, found: {found}; {_INSTALL}")
    return helper


class MathScorer:
    """Helpers that run math-verify, with a bounded memory of verdicts. Thread-safe.

    Helpers start when first needed, are replaced when they break and end with this object or this process,
    whatever ends it. After a fork the child starts its own.

    Args:
        workers: most helpers; by default one for each of at most two cores.
        limit: seconds of processor time for one answer, gold answer included.
        remember: most verdicts kept; 0 for none.
    """

    def __init__(self, workers: int | None = None, limit: float = LIMIT, remember: int = 50_000) -> None:
        self._most = workers or min(2, os.cpu_count() or 1)
        self._limit = limit
        self._remember = remember
        self._reset()
        _scorers.add(self)

    def _reset(self) -> None:
        self._idle: list[Helper] = []
        self._slots = threading.BoundedSemaphore(self._most)
        self._lock = threading.Lock()
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()

    def answer(self, gold: str, answer: str) -> Verdict:
        r"""The verdict on an answer alone: `verify(parse("\boxed{gold}"), parse("\boxed{answer}"))`.

        Raises:
            TaskError: if math-verify cannot be run at all.
        """
        at_once = known(gold, answer)
        if at_once is not None:
            return _YES if at_once else _NO
        return self._remembered(gold, answer, whole=False)

    def response(self, gold: str, text: str) -> Verdict:
        r"""The verdict on a whole response: `verify(parse("\boxed{gold}"), parse(text))`.

        Raises:
            TaskError: if math-verify cannot be run at all.
        """
        return self._remembered(gold, text, whole=True)

    def _remembered(self, gold: str, text: str, whole: bool) -> Verdict:
        if len(text) > MOST_CHARACTERS:
            return _NO
        key = blake2b(repr((gold, text, whole)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            kept = self._verdicts.get(key)
            if kept is not None:
                self._verdicts.move_to_end(key)
                return kept
        with self._slots:
            verdict = self._perform(gold, text, whole)
        with self._lock:
            self._verdicts[key] = verdict
            while len(self._verdicts) > self._remember:
                self._verdicts.popitem(last=False)
        return verdict

    def _perform(self, gold: str, text: str, whole: bool) -> Verdict:
        for _ in range(2):
            verdict = self._try(gold, text, whole)
            if verdict is not None:
                return verdict
        # Two helpers ended. Either this answer ends whatever compares it, or this machine compares nothing.
        if self._try("2", "3", whole=False) is None:
            raise TaskError("answers cannot be compared here: the helper process ends again and again")
        return _NO

    def _try(self, gold: str, text: str, whole: bool) -> Verdict | None:
        """The verdict, or None if the helper ended over it."""
        with self._lock:
            helper = self._idle.pop() if self._idle else None
        helper = helper or _start()
        try:
            success, extracted = self._asked(helper, [gold, text, whole, self._limit * EARLY])
        except HelperLost as lost:
            helper.close(kill=True)
            return _LATE if lost.late else None
        except BaseException:  # interrupted in mid-answer, which the next request must not be given
            helper.close(kill=True)
            raise
        with self._lock:
            self._idle.append(helper)
        return _LATE if success is None else Verdict(success, extracted)

    def _asked(self, helper: Helper, request: list[object]) -> tuple[bool | None, str | None]:
        """The helper's answer, waited for until it has used up its time.

        Raises:
            HelperLost: if it has, or if it ended.
        """
        before, end, left = _used(helper), time.monotonic() + self._limit * PATIENCE, self._limit
        helper.send(request)
        while True:
            try:
                success, extracted = helper.receive(left)
                return success, extracted
            except HelperLost as lost:
                left = self._limit - (_used(helper) - before)
                if not lost.late or not left > LEAST or time.monotonic() > end:
                    raise

    def close(self) -> None:
        """End the idle helpers; the next question starts a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for helper in idle:
            helper.close()


def _used(helper: Helper) -> float:
    """Seconds of processor time that a helper has used: fields 14 and 15 of its `stat`, see proc(5).

    Not a number where the system does not tell: a helper is then waited for by the clock alone.
    """
    try:
        with open(f"/proc/{helper.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return math.nan
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


_scorers: "weakref.WeakSet[MathScorer]" = weakref.WeakSet()
_shared: list[MathScorer] = []
_starting = threading.Lock()


def shared_scorer() -> MathScorer:
    """The scorer that all tasks of this process share."""
    with _starting:
        if not _shared:
            _shared.append(MathScorer())
        return _shared[0]


def _after_fork() -> None:
    global _starting
    _starting = threading.Lock()
    for scorer in list(_scorers):
        scorer._reset()


os.register_at_fork(after_in_child=_after_fork)
