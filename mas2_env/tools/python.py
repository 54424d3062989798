"""Running untrusted Python out of process, with limits, and remembering verdicts.

`shared_runner().run(Program(code, test, entry))` gives a `Verdict`. How a program is kept apart from this
machine is the matter of `isolation`, and how from its test that of `sandbox`.
"""

import os
import platform
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, get_type_hints

from msgspec import Struct

from mas2_env import cache
from mas2_env.errors import SandboxError
from mas2_env.tools import isolation as isolations
from mas2_env.tools.helper import HelperLost
from mas2_env.tools.isolation import Isolation
from mas2_env.tools.sandbox import PROTOCOL, Stale, Worker
from mas2_env.tools.verdicts import Memory, Verdict

MOST_CHARACTERS = 1_000_000
"""Length from which a program is refused unread."""
MOST_STALE = 3
"""New helpers that may be lost before a program begins."""


class Program(Struct, frozen=True):
    """A program to run once.

    The test is run in another process, the judge's, in which the names that it uses and does not define are
    those of the program: a function is called where it is, and what it gives comes as plain data. So a test
    can call functions, make objects of the program's classes, read and set their attributes and iterate over
    them, but an object of the program's own equals nothing. A name of Python's own means Python's.

    Attributes:
        code: untrusted source.
        test: trusted source that raises unless the program is right; empty to run the code alone.
        entry: name that means the program's also where Python has one of that name.
        given: trusted source at the beginning of the code, whose other names the test takes from it and not
            from the program.
        timeout: seconds; time in which the machine runs other things instead, or stands still, does not
            count. One second later the program is killed.
        memory: address space in bytes.
        capture: keep what it prints and show tracebacks; the program then sees itself as `__main__`.
    """

    code: str
    test: str = ""
    entry: str = ""
    given: str = ""
    timeout: float = 3.0
    memory: int = 1 << 30
    capture: bool = False


FIELDS: dict[str, type] = get_type_hints(Program)
"""Fields of a program, and what they are on the way to a helper: numpy's numbers and strings are not."""


class PythonRunner:
    """A pool of helpers that run programs, with a bounded memory of verdicts. Thread-safe.

    Helpers start when first needed, are replaced when they break and end with this object or this process.
    After a fork the child starts its own. Needs Linux.

    Args:
        workers: most programs at a time; by default one for each of at most two usable cores.
        isolation: what stands between programs and this machine, by default `isolation.choose()` at the
            first program.
        remember: most verdicts kept in memory; 0 for none, on disk neither.
        shared: whether verdicts are shared with other processes and later runs, in a file of the user's
            cache. It takes an isolation that keeps programs away from that file.
    """

    def __init__(
        self,
        workers: int | None = None,
        isolation: Isolation | None = None,
        remember: int = 20_000,
        shared: bool = False,
    ) -> None:
        self._most = workers or min(2, os.cpu_count() or 1)
        self._given = isolation
        self._remember, self._shares = remember, shared
        self._reset()
        _runners.add(self)

    def _reset(self) -> None:
        self._idle: list[Worker] = []
        self._slots = threading.BoundedSemaphore(self._most)
        self._lock = threading.Lock()
        self._chosen: tuple[Isolation, Memory] | None = None

    def _choice(self) -> tuple[Isolation, Memory]:
        with self._lock:
            if self._chosen is None:
                isolation = self._given or isolations.choose()
                shares = self._shares and isolation.sealed and cache.kept()
                path = cache.folder("verdicts") / "verdicts.sqlite" if shares else None
                self._chosen = (isolation, Memory(self._remember, path))
            return self._chosen

    @property
    def isolation(self) -> str:
        """Name of what stands between a program and this machine.

        Raises:
            SandboxError: if there is nothing that works here.
        """
        return self._choice()[0].name

    def run(self, program: Program) -> Verdict:
        """The verdict on a program, remembered by its content.

        Raises:
            SandboxError: if programs cannot be run at all.
        """
        if len(program.code) > MOST_CHARACTERS:
            return Verdict("failed", f"the program is longer than {MOST_CHARACTERS} characters")
        isolation, memory = self._choice()
        key = _key(program, isolation.name)
        known = memory.get(key)
        if known is not None:
            return known
        with self._slots:
            job = {name: kind(getattr(program, name)) for name, kind in FIELDS.items()}
            verdict = self._perform(isolation, job)
        memory.put(key, verdict)
        return verdict

    def _perform(self, isolation: Isolation, job: dict[str, Any]) -> Verdict:
        for _ in range(2):
            verdict = self._try(isolation, job)
            if verdict is not None:
                return verdict
        # Two were lost. Either this program ends whatever runs it, or says so, or this machine runs nothing.
        if self._try(isolation, {**job, "code": "", "test": "", "capture": True}) is None:
            raise SandboxError("programs cannot be run here: the helper process ends again and again")
        return Verdict("timed out", "the program ended the process that ran it")

    def _try(self, isolation: Isolation, job: dict[str, Any]) -> Verdict | None:
        """The verdict, or None if a helper was lost over it, or says to have not been confined."""
        for _ in range(self._most + MOST_STALE):  # those that are idle may all have ended
            worker = self._worker(isolation)
            try:
                status, message, output = worker.perform(job)
                break
            except Stale:  # no fault of this program's; a new worker is not
                worker.close(kill=True)
            except HelperLost:
                worker.close(kill=True)
                return None
            except BaseException:  # interrupted in mid-answer, which the next program must not be given
                worker.close(kill=True)
                raise
        else:
            return None
        with self._lock:
            self._idle.append(worker)
        if status == "unconfined" and job["code"]:  # a program may have written it; one without code cannot
            return None
        if status in ("broken", "unconfined"):
            raise SandboxError(message)
        return Verdict(status, message, output)  # type: ignore[arg-type]

    def _worker(self, isolation: Isolation) -> Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return Worker(isolation)
            if worker.alive:
                return worker
            worker.close()

    def close(self) -> None:
        """End the idle helpers; the next program starts a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
            if self._chosen is not None:
                self._chosen[1].close()
        for worker in idle:
            worker.close()

    def _forked(self) -> None:
        chosen = self._chosen
        self._reset()
        if chosen is not None:
            self._chosen = (chosen[0], chosen[1].forked())


def _key(program: Program, isolation: str) -> bytes:
    """Digest of all that a verdict depends on."""
    texts = [text.encode("utf-8", "surrogatepass") for text in (program.code, program.test, program.given)]
    limits = (program.entry, program.timeout, program.memory, program.capture)
    where = (PROTOCOL, isolation, platform.python_implementation(), platform.python_version())
    digest = blake2b(repr(([len(text) for text in texts], limits, where)).encode(), digest_size=20)
    for text in texts:
        digest.update(text)
    return digest.digest()


_runners: "weakref.WeakSet[PythonRunner]" = weakref.WeakSet()
_shared: list[PythonRunner] = []
_starting = threading.Lock()


def shared_runner() -> PythonRunner:
    """The runner that all tasks of this process share."""
    with _starting:
        if not _shared:
            _shared.append(PythonRunner(shared=True))
        return _shared[0]


@contextmanager
def sandbox(name: str | None) -> Iterator[None]:
    """Within it, the shared runner of this process and of its children has the isolation of that name.

    None leaves it as it is. Sets the variable MAS2_SANDBOX, which the processes of an evaluation inherit.
    """
    if name is None:
        yield
        return
    before = os.environ.get(isolations.VARIABLE)
    os.environ[isolations.VARIABLE] = name
    _renew()
    try:
        yield
    finally:
        if before is None:
            del os.environ[isolations.VARIABLE]
        else:
            os.environ[isolations.VARIABLE] = before
        _renew()


def _renew() -> None:
    with _starting:
        for runner in _shared:
            runner.close()
        _shared.clear()


def _after_fork() -> None:
    global _starting
    _starting = threading.Lock()
    for runner in list(_runners):
        runner._forked()


os.register_at_fork(after_in_child=_after_fork)
