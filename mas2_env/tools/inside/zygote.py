"""The helper in the sandbox: forks one confined child for each program, and ends it.

Descriptor 0 is a socket to the clerk. A job comes as the marshalled limits with a descriptor, the program's
channel; the program itself goes through its channel, so that nothing of it is ever in this process, whose
memory the next program inherits. The sign `END` ends the child, and is answered by how it ended and whether
it has left what cannot be cleaned away, in which case this process ends.
"""

import contextlib
import ctypes
import gc
import marshal
import os
import resource
import select
import sys
from os import _exit as leave
from os import close, kill, killpg, read, rmdir, unlink, waitpid  # some of which programs do not find in `os`
from resource import RLIMIT_AS, RLIMIT_CPU, RLIMIT_NPROC, setrlimit
from signal import SIGKILL
from time import monotonic
from typing import NamedTuple, NoReturn

from mas2_env.tools.inside.confine import OwnFilter, common_filter, fence, install, retire, supported
from mas2_env.tools.inside.passed import Passage
from mas2_env.tools.inside.program import MOST_STEP, prepare, rehearse, run
from mas2_env.tools.wire import Closed, send

# What programs import so often that it costs less to carry it through each fork.
PRELOADED = (
    *("collections", "collections.abc", "copy", "functools", "io", "itertools", "math", "operator", "re"),
    *("string", "typing"),
)
ENDED = "the process ended without a result"
WATCH = 50
"""Milliseconds between looks at a running program."""
MOST_THREADS = 256
MOST_DESCRIPTORS = 64
MOST_BYTES = 16 << 20
"""Size of a file."""
MOST_FILES = 1_000
"""Files and folders left by a program beyond which the sandbox is given up instead of cleaned."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CALLER, CHANNEL = 3, 4
FENCED = "fence" in sys.argv
"""Whether this runs among the files of the machine, in a folder made for it, which goes with it."""

_libc = ctypes.CDLL(None)
# The C library's fork, with the interpreter's lock held and without Python's hooks: this process has one
# thread, and its children start no work of their own, so there is nothing to mend, which takes half as long
# again as the fork.
_locked = ctypes.PyDLL(None)
_fork = getattr(_locked, "_Fork", _locked.fork)  # without the C library's hooks too, where it offers that


class Spoiled(Exception):
    """What a program has left cannot be cleaned away."""


Bounds = tuple[tuple[int, tuple[int, int]], ...]


class Limits(NamedTuple):
    """Seconds until a program is killed, and what the kernel sees to."""

    seconds: float
    bounds: Bounds


class Child:
    """A program under way."""

    def __init__(self, limits: Limits, setting: "Setting") -> None:
        self.limit, self.alone = limits.seconds, setting.filtered
        self.seen, self.spent, self.ran, self.delay = monotonic(), 0.0, 0.0, 0.0
        self.pid = _fork()
        if self.pid == 0:
            try:
                _become(limits.bounds, setting)
            finally:  # a program may change what it runs on, and never comes back to be a zygote
                leave(1)
        self.fate = ""

    def watch(self) -> None:
        """End it if its time is up or it runs too many threads."""
        if self.fate:
            return
        try:
            with open(f"/proc/{self.pid}/schedstat") as file:
                ran, delay = (int(number) * 1e-9 for number in file.read().split()[:2])
        except OSError:  # a kernel that does not count them: it has all the time that passes
            ran, delay = self.ran, self.delay
        threads, now = len(os.listdir(f"/proc/{self.pid}/task")), monotonic()
        self.spent += max(min(now - self.seen - (delay - self.delay), MOST_STEP), ran - self.ran)
        self.seen, self.ran, self.delay = now, ran, delay
        if self.spent > self.limit:
            self.end(f"killed after {self.limit:g} s")
        elif threads > MOST_THREADS:
            self.end(f"killed with more than {MOST_THREADS} threads")

    def end(self, fate: str) -> None:
        """Kill it and, where no filter kept it from starting any, whatever it started.

        Its orphans fall to this process, their subreaper.
        """
        if self.fate:
            return
        self.fate = fate
        if not self.alone:
            with contextlib.suppress(ProcessLookupError):
                killpg(self.pid, SIGKILL)
        kill(self.pid, SIGKILL)  # it is there, if only for this process to wait for it
        waitpid(self.pid, 0)
        while not self.alone and (left := _children()):
            for orphan in left:
                kill(orphan, SIGKILL)
                waitpid(orphan, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except FileNotFoundError:  # a kernel without this list: the process group has been killed
        return []


def _become(bounds: Bounds, setting: "Setting") -> NoReturn:
    """Be the program: give up whatever it has no use for, and run it."""
    try:
        close(CALLER)
        if not setting.filtered:
            os.setpgid(0, 0)  # not a session: the scheduler makes a group for each, which costs
        if FENCED:  # in namespaces, programs end with this process, which is their first
            _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
            fence(setting.folder)
        for kind, most in bounds:
            setrlimit(kind, most)
        if setting.own is not None:
            setting.own.install()
    except (OSError, ValueError) as error:
        send(CHANNEL, ["unconfined", f"cannot confine the program: {error}", "", -1])
        leave(1)
    run(CHANNEL, setting.stream, setting.clock)


def _limit(kind: int, most: int) -> None:
    setrlimit(kind, _bounded(kind, most))


def _bounded(kind: int, most: int) -> tuple[int, int]:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    return most, most


def clean(folder: str) -> None:
    """Remove what a program has left in its folder.

    Raises:
        Spoiled: if that is too much, or cannot be done.
    """
    try:
        if not os.listdir(folder):
            return
        left: list[tuple[str, list[str], list[str]]] = []
        count = 0
        for place in os.walk(folder):
            left.append(place)
            count += len(place[1]) + len(place[2])
            if count > MOST_FILES:
                raise Spoiled(f"more than {MOST_FILES} files")
        for path, folders, files in reversed(left):
            for name in files:
                unlink(os.path.join(path, name))
            for name in folders:
                inner = os.path.join(path, name)
                (unlink if os.path.islink(inner) else rmdir)(inner)
    except (OSError, RecursionError) as error:
        raise Spoiled(str(error)) from error


class Setting:
    """What is the same for each program, prepared once: what it costs here, it costs no program."""

    def __init__(self, folder: str) -> None:
        self.folder, self.filtered, self.processes = folder, supported(), _processes() + MOST_THREADS
        self._limits: dict[bytes, Limits] = {}
        for name in PRELOADED:
            __import__(name)
        os.environ.clear()
        os.chdir(folder)
        rehearse()
        self.own = None
        if self.filtered:
            self.own = OwnFilter()
            install(common_filter())
        self.stream, self.clock = prepare()
        _limit(resource.RLIMIT_FSIZE, MOST_BYTES)
        _limit(resource.RLIMIT_NOFILE, MOST_DESCRIPTORS)
        _limit(resource.RLIMIT_CORE, 0)
        os.closerange(CALLER, MOST_DESCRIPTORS)
        os.dup2(0, CALLER)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        gc.collect()
        gc.freeze()
        _libc.malloc_trim(0)

    def next(self, caller: Passage) -> tuple[Limits, int]:
        """Limits and channel of the next program.

        Raises:
            Closed: if there is none.
        """
        job, channel = caller.receive()
        known = self._limits.get(job)
        if known is None:
            seconds, memory = marshal.loads(job)
            kinds = ((RLIMIT_AS, memory), (RLIMIT_CPU, int(seconds) + 1), (RLIMIT_NPROC, self.processes))
            bounds = tuple((kind, _bounded(kind, most)) for kind, most in kinds)
            known = self._limits[job] = Limits(seconds, bounds)
        return known, channel


def main() -> None:
    """Prepare, say so, and serve the caller until it hangs up."""
    retire(int(sys.argv[2]), "nobody" in sys.argv)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    setting = Setting(sys.argv[1])
    caller = Passage(CALLER)
    poll = select.poll()
    poll.register(CALLER, select.POLLIN)
    send(CALLER, {"filtered": setting.filtered})
    with contextlib.suppress(Closed):
        while True:
            limits, channel = setting.next(caller)
            child = Child(limits, setting)
            close(channel)
            while not poll.poll(WATCH):
                child.watch()
            told = _heard()
            child.end(ENDED)
            if not told:
                break
            try:
                clean(setting.folder)
            except Spoiled:
                send(CALLER, [child.fate, True])
                break
            send(CALLER, [child.fate, False])
    if FENCED:  # the caller, who removes it too, may have been killed
        with contextlib.suppress(OSError, Spoiled):
            clean(setting.folder)
            rmdir(setting.folder)
    leave(0)


def _heard() -> bool:
    """Whether the caller has said something, and not hung up."""
    try:
        return bool(read(CALLER, 1))
    except ConnectionResetError:
        return False


def _processes() -> int:
    """Number of threads that this user runs now: what RLIMIT_NPROC counts."""
    count, user = 0, os.getuid()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue  # it has ended meanwhile
    return count
