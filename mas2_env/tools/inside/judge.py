"""Running a test: it calls the program, which is another process, and nothing of it runs here.

What the program says is data: nothing that it sends is executed, compared by its own rules, or waited for
beyond the program's own end, which the zygote sees to.
"""

import builtins
import contextlib
import functools
import marshal
import random
import resource
import signal
import time
from types import CodeType
from typing import Any, NoReturn

from mas2_env.tools.inside.values import MESSAGE_LIMIT, OUTPUT_LIMIT, Unfit, pack, renew, unpack
from mas2_env.tools.wire import Closed, Garbled, receive, send_data

MOST, MOST_TOLD = 16 << 20, 1 << 20
"""Lengths in bytes of what a program may say at a time, and of its own run."""
MOST_COMPILED = 20_000
"""Characters of a program up to which it is compiled here."""
SPARE = 2
"""Seconds of processor time beyond its limit after which the kernel ends a judge that is stuck."""
STATUSES = ("passed", "failed", "timed out", "unconfined")


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
            self._end("failed", f"the test hands over what cannot cross: {error}")

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
            send_data(self.channel, marshal.dumps((operation, time.process_time() - self.began, *arguments)))
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


def judge(channel: int, job: dict[str, Any]) -> tuple[str, str, str]:
    """Status, message and output of the program at the other end of the channel, which is given its job."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + job["limit"]) + 1 + SPARE
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    told = _run(channel, job)
    if not job["test"] or told[0] != "passed":
        return told[:3]
    link = Link(channel)
    try:
        _perform(link, job, told[3])
    except OutOfTime:
        return ("timed out", f"no result within {job['timeout']:g} s", "")
    except Ended as ended:
        return (ended.status, str(ended), "")
    except BaseException as error:  # whatever rises in a test is a failure of the program that it tests
        if link.over is None:
            return ("failed", _text(error), "")
    if link.over is not None:  # the test went on without the program
        return (link.over.status, str(link.over), "")
    return ("passed", "", "")


def _run(channel: int, job: dict[str, Any]) -> tuple[str, str, str, int]:
    """What the program tells of its own run: see `program.run`."""
    try:
        send_data(channel, _handed(job))
        told = receive(channel, most=MOST_TOLD)
    except Closed:
        return "timed out", "", "", -1
    except Garbled as error:
        return "failed", f"the program wrote to the channel of its answers: {error}", "", -1
    match told:
        case [str(status), str(message), str(output), int(number)] if status in STATUSES:
            if job["capture"]:
                return status, message[:OUTPUT_LIMIT], output[:OUTPUT_LIMIT], number
            return status, message[:MESSAGE_LIMIT], "", number
    return "failed", "the program wrote to the channel of its answers", "", -1


def _handed(job: dict[str, Any]) -> bytes:
    """A program as it goes to its process: compiled, which would cost that one several times as much.

    Source that does not compile, takes long to or does not cross as it is, is left to the program's process
    and its time. Of `finally` the compiler makes a copy for each way out, and copies of copies.
    """
    code, rest = job["code"], (job["timeout"], job["capture"], job["entry"] if job["test"] else None)
    if not job["capture"] and len(code) <= MOST_COMPILED and "finally" not in code:
        with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
            compiled = compile(f"{code}\n", "<string>", "exec", dont_inherit=True)
            if _ordered(compiled):
                return marshal.dumps((compiled, *rest))
    return marshal.dumps((code, *rest))


def _ordered(code: CodeType) -> bool:
    """Whether its constant sets, which marshal sorts, are iterated as they were."""
    for constant in code.co_consts:
        if type(constant) is CodeType:
            if not _ordered(constant):
                return False
        elif type(constant) is frozenset and list(constant) != list(marshal.loads(marshal.dumps(constant))):
            return False
    return True


def _perform(link: Link, job: dict[str, Any], number: int) -> None:
    random.seed(0)
    try:
        signal.setitimer(signal.ITIMER_PROF, job["limit"])
        space = Space(link, job["given"], job["entry"])
        if number >= 0:
            space[job["entry"]] = Remote(link, number)
        exec(_compiled(job["test"]), space)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MESSAGE_LIMIT]
    except Exception:  # a test with exceptions of its own
        return type(error).__name__
