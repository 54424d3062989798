"""The helper that runs tests: it calls the program, which is another process, and nothing of it runs here.

Descriptor 0 is a socket to the caller. A job comes as a frame with a descriptor, the program's channel; it is
answered by `[status, message, seconds]`, those for which this process was ready and did not run. What the
program says is data: nothing that it sends is executed, compared by its own rules, or waited for beyond the
program's own end, which the caller sees to.
"""

import builtins
import contextlib
import functools
import gc
import os
import random
import resource
import signal
import socket
import sys
import time
from types import CodeType
from typing import Any, NoReturn

from mas2_env.tools.inside.confine import retire
from mas2_env.tools.inside.values import TYPES, Unfit, pack, renew, unpack
from mas2_env.tools.wire import Closed, Garbled, receive, receive_passed, send

MOST = 16 << 20
"""Length in bytes of what a program may say at a time."""
MEMORY = 2 << 30
MESSAGE_LIMIT = 2_000
SPARE = 2
"""Seconds of processor time beyond its limit after which the kernel ends a judge that is stuck."""
PRELOADED = ("copy", "math", "random", "string", "re", "itertools", "collections")
STATUSES = ("passed", "failed", "timed out", "broken")


class Ended(BaseException):
    """The judging is over, with this verdict, whatever the test makes of it."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class OutOfTime(Exception):
    """The program's time is up."""


class Remote:
    """A thing of the program's, which stays there. It equals nothing but may be called, read and iterated."""

    __slots__ = ("_link", "_number")

    def __init__(self, link: "Link", number: int) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the program's function gives."""
        return self._link.call(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._link.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._link.ask("item", self, key)

    def __len__(self) -> int:
        return int(self._link.ask("length", self))

    def __bool__(self) -> bool:
        return self._link.ask("truth", self) is True

    def __iter__(self) -> Any:
        return self._link.ask("iterate", self)

    def __next__(self) -> Any:
        return self._link.ask("next", self)

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "<an object of the program's own>"


class Link:
    """The judge's end of a program's channel."""

    def __init__(self, channel: int) -> None:
        self.channel, self.began = channel, time.process_time()
        self.over: Ended | None = None

    def ask(self, operation: str, *values: Any) -> Any:
        """What the operation gives, or the exception that it raised.

        Raises:
            Ended: if the program has ended or says what cannot be.
            OutOfTime: if its time is up.
        """
        return self._read(self._exchange(operation, [self._pack(value) for value in values]), 1)

    def call(self, function: Remote, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function of the program's, and let what it does to its arguments be seen."""
        given = (list(args), kwargs)
        answer = self._exchange("call", [self._pack(value) for value in (function, *given)])
        result = self._read(answer, 1)
        if answer[2] is not None:
            try:
                for old, new in zip(given, self._read(answer, 2), strict=True):
                    renew(old, new)
            except (Unfit, ValueError, TypeError) as error:
                self._end("failed", f"the program changed its arguments beyond what can be: {error}")
        return result

    def _pack(self, value: Any) -> Any:
        try:
            return pack(value, self._number)
        except Unfit as error:
            self._end("broken", f"the test hands over what cannot cross: {error}")

    def _number(self, thing: Any) -> int:
        if type(thing) is not Remote or thing._link is not self:
            self._end("broken", f"the test hands over {thing!r}, which cannot cross to the program")
        return int(thing._number)

    def _find(self, number: Any) -> Remote:
        if type(number) is not int:
            raise TypeError("a thing has a number")
        return Remote(self, number)

    def _exchange(self, operation: str, arguments: list[Any]) -> Any:
        if self.over is not None:
            raise self.over
        try:
            send(self.channel, [operation, time.process_time() - self.began, *arguments])
            answer = receive(self.channel, most=MOST)
        except Closed:
            self._end("timed out", "")
        except Garbled as error:
            self._end("failed", f"the program wrote to the channel of its answers: {error}")
        kind = answer[0] if type(answer) is list and answer else None
        if kind == "result" and len(answer) == 3:
            return answer
        if kind == "raised" and len(answer) == 4:
            self._raise(answer)
        if kind == "late" and len(answer) == 1:
            raise OutOfTime("no result in time")
        if kind == "unfit" and len(answer) == 2:
            self._end("failed", str(answer[1])[:MESSAGE_LIMIT])
        self._end("failed", "the program wrote to the channel of its answers: no answer")

    def _read(self, answer: list[Any], index: int) -> Any:
        try:
            return unpack(answer[index], self._find)
        except Unfit as error:
            self._end("failed", f"the program wrote to the channel of its answers: {error}")

    def _raise(self, answer: list[Any]) -> NoReturn:
        """The exception that the program raised, as the first of its bases that is built in."""
        names = answer[1] if type(answer[1]) is list else []
        text, args = str(answer[2])[:MESSAGE_LIMIT], self._read(answer, 3)
        for name in names:
            kind = getattr(builtins, name, None) if type(name) is str else None
            if isinstance(kind, type) and issubclass(kind, BaseException):
                try:
                    error = kind(*args)
                except Exception:  # it takes other arguments, which a subclass of the program's had made up
                    error = kind(text) if kind in (Exception, BaseException) else Exception(text)
                raise error
        raise Exception(text)

    def _end(self, status: str, message: str) -> NoReturn:
        self.over = Ended(status, message)
        raise self.over


class Space(dict[str, Any]):
    """Names of a test: its own, then those of the trusted part of the program, then the program's."""

    def __init__(self, link: Link, given: str, entry: str) -> None:
        super().__init__(__builtins__=dict(vars(builtins)), __name__="builtins")
        self._link, self._given, self._entry = link, given, entry

    def __missing__(self, name: str) -> Any:
        if name != self._entry:
            if hasattr(builtins, name):
                raise KeyError(name)
            trusted = _trusted(self._given)
            if trusted is not None and name in trusted.co_names:
                known: dict[str, Any] = {"__builtins__": dict(vars(builtins))}
                exec(trusted, known)
                if name in known:
                    self[name] = known[name]
                    return known[name]
        self[name] = value = self._link.ask("name", name)
        return value


@functools.lru_cache(maxsize=256)
def _compiled(test: str) -> CodeType:
    return compile(test, "<test>", "exec")


@functools.lru_cache(maxsize=256)
def _trusted(given: str) -> CodeType | None:
    try:
        return compile(given, "<given>", "exec")
    except (SyntaxError, ValueError):  # the beginning of a program need not be one
        return None


def judge(channel: int, job: dict[str, Any]) -> tuple[str, str]:
    """The verdict on the program at the other end of the channel."""
    try:
        told = receive(channel, most=MOST)
    except (Closed, ConnectionResetError):
        return ("timed out", "")
    except Garbled as error:
        return ("failed", f"the program wrote to the channel of its answers: {error}")
    if type(told) is not list or len(told) != 3 or told[0] not in STATUSES:
        return ("failed", "the program wrote to the channel of its answers")
    if told[0] != "passed":
        return (told[0], str(told[1])[:MESSAGE_LIMIT])
    link = Link(channel)
    try:
        _perform(link, job)
    except OutOfTime:
        return ("timed out", f"no result within {job['timeout']:g} s")
    except Ended as ended:
        return (ended.status, str(ended))
    except BaseException as error:  # whatever rises in a test is a failure of the program that it tests
        if link.over is None:
            return ("failed", _text(error))
    if link.over is not None:  # the test went on without the program
        return (link.over.status, str(link.over))
    return ("passed", "")


def _perform(link: Link, job: dict[str, Any]) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + job["limit"]) + 1 + SPARE
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    random.seed(0)
    try:
        signal.setitimer(signal.ITIMER_PROF, job["limit"])
        exec(_compiled(job["test"]), Space(link, job["given"], job["entry"]))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _ring(signum: int, frame: Any) -> NoReturn:
    raise OutOfTime("no result in time")


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MESSAGE_LIMIT]
    except Exception:  # a test with exceptions of its own
        return type(error).__name__


def _delays() -> int | None:
    try:
        return os.open("/proc/self/schedstat", os.O_RDONLY)
    except OSError:  # a kernel that does not count them
        return None


def _waited(delays: int | None) -> float:
    return 0.0 if delays is None else int(os.pread(delays, 64, 0).split()[1]) * 1e-9


def main() -> None:
    """Prepare, say so, and serve the caller until it hangs up."""
    retire(int(sys.argv[2]), "nobody" in sys.argv)
    for name in PRELOADED:
        __import__(name)
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _ring)
    sys.stdin = sys.stdout = sys.stderr = open(os.devnull, "r+")  # noqa: SIM115 - open to the end
    caller, delays = socket.socket(fileno=0), _delays()
    gc.collect()
    gc.freeze()
    send(0, {"types": len(TYPES)})
    with contextlib.suppress(Closed):
        while True:
            job, channel = receive_passed(caller)
            waited = _waited(delays)
            verdict = judge(channel, job)
            os.close(channel)
            send(0, [*verdict, _waited(delays) - waited])
    os._exit(0)
