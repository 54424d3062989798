"""Running untrusted Python out of process, with limits, and remembering verdicts.

`shared_runner().run(Program(code, test, entry))` gives a `Verdict`. How a program is kept apart from this
machine is the matter of `sandbox`.
"""

import contextlib
import os
import threading
import weakref
from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Literal

from msgspec import Struct

from mas2_env.errors import Breakdown
from mas2_env.tools.sandbox import GRACE, HelperLost, Isolation, ProcessIsolation, Worker

MOST_CHARACTERS = 1_000_000
"""Length from which a program is refused unread."""


class Program(Struct, frozen=True):
    """A program to run once.

    Attributes:
        code: untrusted source.
        test: trusted source that defines `check(candidate)`; empty to run the code alone.
        entry: name of the function that the test is given.
        timeout: seconds of wall-clock time; one second later the whole process tree is killed.
        memory: address space in bytes.
        capture: keep what it prints and show tracebacks; the program then sees itself as `__main__`.
    """

    code: str
    test: str = ""
    entry: str = ""
    timeout: float = 3.0
    memory: int = 1 << 30
    capture: bool = False


class Verdict(Struct, frozen=True):
    """How a program ended.

    Attributes:
        status: `passed` if code and test ran to their end; `timed out` also where the process died unheard.
        message: text of the exception, or the traceback's end where output was captured.
        output: what it printed, cut.
    """

    status: Literal["passed", "failed", "timed out"]
    message: str = ""
    output: str = ""


class PythonRunner:
    """A pool of helpers that run programs, with a bounded cache of verdicts. Thread-safe.

    Helpers start when first needed, are replaced when they break and end with this object or this process.
    One that has been given a test is never given a program without: such a program could read the memory of
    its helper, in which the tests of earlier jobs are left.
    After a fork the child starts its own. Needs Linux.

    Args:
        workers: most helpers; by default one for each of at most two usable cores.
        isolation: how helpers are started.
        remember: most verdicts kept; 0 for none.
    """

    def __init__(
        self, workers: int | None = None, isolation: Isolation | None = None, remember: int = 20_000
    ) -> None:
        self._most = workers or min(2, os.cpu_count() or 1)
        self._isolation = isolation or ProcessIsolation()
        self._remember = remember
        self._reset()
        _runners.add(self)

    def _reset(self) -> None:
        self._idle: list[Worker] = []
        self._tested: list[Worker] = []
        self._slots = threading.BoundedSemaphore(self._most)
        self._lock = threading.Lock()
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()

    @property
    def isolation(self) -> str:
        """Name of what stands between a program and this machine."""
        return self._isolation.name

    def run(self, program: Program) -> Verdict:
        """The verdict on a program, remembered by its content.

        Raises:
            Breakdown: if programs cannot be run at all.
        """
        if len(program.code) > MOST_CHARACTERS:
            return Verdict("failed", f"the program is longer than {MOST_CHARACTERS} characters")
        key = _key(program)
        with self._lock:
            known = self._verdicts.get(key)
            if known is not None:
                self._verdicts.move_to_end(key)
                return known
        with self._slots:
            job = {name: getattr(program, name) for name in program.__struct_fields__}
            verdict = self._perform(job, program.timeout)
        with self._lock:
            self._verdicts[key] = verdict
            while len(self._verdicts) > self._remember:
                self._verdicts.popitem(last=False)
        return verdict

    def _perform(self, job: dict[str, Any], timeout: float) -> Verdict:
        for _ in range(2):
            verdict = self._try(job, timeout)
            if verdict is not None:
                return verdict
        # Two helpers were lost. Either this program ends whatever runs it, or this machine runs nothing.
        if self._try({**job, "code": "", "test": "", "capture": True}, timeout) is None:
            raise Breakdown("programs cannot be run here: the helper process ends again and again")
        return Verdict("timed out", "the program ended the process that ran it")

    def _try(self, job: dict[str, Any], timeout: float) -> Verdict | None:
        """The verdict, or None if the helper was lost over it."""
        with self._lock:
            idle = self._tested if job["test"] else self._idle
            worker = idle.pop() if idle else None
        worker = worker or Worker(self._isolation)
        try:
            status, message, output = worker.ask(job, timeout + GRACE)
        except HelperLost:
            worker.close()
            return None
        except BaseException:  # interrupted in mid-answer, which the next program must not be given
            worker.close()
            raise
        with self._lock:
            idle.append(worker)
        if status == "broken":
            raise Breakdown(message)
        return Verdict(status, message, output)

    def close(self) -> None:
        """End the idle helpers; the next program starts a new one."""
        with self._lock:
            idle = [*self._idle, *self._tested]
            self._idle, self._tested = [], []
        for worker in idle:
            worker.close()

    def _forked(self) -> None:
        idle = [*self._idle, *self._tested]
        self._reset()
        for worker in idle:
            worker.forget()


def _key(program: Program) -> bytes:
    """Digest of all that a verdict depends on."""
    code, test = (text.encode("utf-8", "surrogatepass") for text in (program.code, program.test))
    rest = (len(code), len(test), program.entry, program.timeout, program.memory, program.capture)
    digest = blake2b(repr(rest).encode(), digest_size=20)
    digest.update(code)
    digest.update(test)
    return digest.digest()


_runners: "weakref.WeakSet[PythonRunner]" = weakref.WeakSet()
_shared: list[PythonRunner] = []
_starting = threading.Lock()


def shared_runner() -> PythonRunner:
    """The runner that all tasks of this process share."""
    with _starting:
        if not _shared:
            _shared.append(PythonRunner())
        return _shared[0]


def _after_fork() -> None:
    global _starting
    _starting = threading.Lock()
    for runner in list(_runners):
        with contextlib.suppress(OSError):
            runner._forked()


os.register_at_fork(after_in_child=_after_fork)
