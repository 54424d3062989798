"""The helper in the sandbox: forks one confined child for each program, and ends it.

Descriptor 0 is a socket to the caller. A job comes as a frame with the limits and a descriptor, the program's
channel; the program itself goes through its channel, so that nothing of it is ever in this process, whose
memory the next program inherits. The frame `null` ends the child, and is answered by how it ended and whether
it has left what cannot be cleaned away, in which case this process ends.
"""

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
import time
from os import kill, killpg, rmdir, unlink  # which programs must not find in `os`
from typing import Any, NoReturn

from mas2_env.tools.inside.confine import common_filter, fence, install, own_filter, retire, supported
from mas2_env.tools.inside.program import prepare, rehearse, run
from mas2_env.tools.wire import Closed, receive, receive_passed, send

# Programs import these all the time. Each fork copies them: OpenSSL, which `hashlib` loads, is too dear.
PRELOADED = (
    *("bisect", "collections", "collections.abc", "copy", "datetime", "decimal", "fractions", "functools"),
    *("heapq", "io", "itertools", "math", "operator", "re", "statistics", "string", "typing"),
)
ENDED = "the process ended without a result"
WATCH = 0.05
"""Seconds between looks at a running program."""
MOST_STEP = 0.25
"""Seconds between two looks that count at most, where the program was not on a processor for longer."""
MOST_THREADS = 256
MOST_DESCRIPTORS = 64
MOST_BYTES = 16 << 20
"""Size of a file."""
MOST_FILES = 1_000
"""Files and folders left by a program beyond which the sandbox is given up instead of cleaned."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CHANNEL = 3
FENCED = "fence" in sys.argv
"""Whether this runs among the files of the machine, in a folder made for it, which goes with it."""

_libc = ctypes.CDLL(None)
# The C library's fork, with the interpreter's lock held and without Python's hooks: this process has one
# thread, and its children start no work of their own, so there is nothing to mend, which takes half as long
# again as the fork.
_fork = ctypes.PyDLL(None).fork


class Spoiled(Exception):
    """What a program has left cannot be cleaned away."""


class Child:
    """A program under way."""

    def __init__(self, job: dict[str, Any], channel: int, setting: "Setting") -> None:
        self.limit, self.alone = job["limit"], setting.filtered
        self.seen, self.spent, self.ran, self.delay = time.monotonic(), 0.0, 0.0, 0.0
        self.pid = _fork()
        if self.pid == 0:
            _become(job, channel, setting)
        self.handle = os.pidfd_open(self.pid)
        self.fate = ""

    def watch(self) -> None:
        """End it if its time is up or it runs too many threads."""
        try:
            with open(f"/proc/{self.pid}/schedstat") as file:
                ran, delay = (int(number) * 1e-9 for number in file.read().split()[:2])
            threads = len(os.listdir(f"/proc/{self.pid}/task"))
        except OSError:
            return  # it has ended
        now = time.monotonic()
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
        for way in (kill,) if self.alone else (killpg, kill):
            with contextlib.suppress(ProcessLookupError):
                way(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.handle)
        while not self.alone and (left := _children()):
            for orphan in left:
                kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except FileNotFoundError:  # a kernel without this list: the process group has been killed
        return []


def _become(job: dict[str, Any], channel: int, setting: "Setting") -> NoReturn:
    """Be the program: give up whatever it has no use for, and run it."""
    try:
        os.dup2(1, 0)
        if channel != CHANNEL:
            os.dup2(channel, CHANNEL, inheritable=False)
        os.closerange(CHANNEL + 1, MOST_DESCRIPTORS)
        if not setting.filtered:
            os.setpgid(0, 0)  # not a session: the scheduler makes a group for each, which costs
        if FENCED:  # in namespaces, programs end with this process, which is their first
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            fence(setting.folder)
        _limit(resource.RLIMIT_AS, job["memory"])
        _limit(resource.RLIMIT_CPU, int(job["limit"]) + 1)
        _limit(resource.RLIMIT_NPROC, setting.processes)
        if setting.filtered:
            install(own_filter(os.getpid()))
    except (OSError, ValueError) as error:
        send(CHANNEL, ["broken", f"cannot confine the program: {error}", ""])
        os._exit(1)
    run(CHANNEL, setting.stream, setting.clock)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


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
        for name in PRELOADED:
            __import__(name)
        os.environ.clear()
        os.chdir(folder)
        rehearse()
        if self.filtered:
            own_filter(0)
            install(common_filter())
        self.stream, self.clock = prepare()
        _limit(resource.RLIMIT_FSIZE, MOST_BYTES)
        _limit(resource.RLIMIT_NOFILE, MOST_DESCRIPTORS)
        _limit(resource.RLIMIT_CORE, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        gc.collect()
        gc.freeze()
        _libc.malloc_trim(0)


def main() -> None:
    """Prepare, say so, and serve the caller until it hangs up."""
    retire(int(sys.argv[2]), "nobody" in sys.argv)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    caller, setting = socket.socket(fileno=0), Setting(sys.argv[1])
    send(0, {"filtered": setting.filtered})
    with contextlib.suppress(Closed):
        while True:
            job, channel = receive_passed(caller)
            child = Child(job, channel, setting)
            os.close(channel)
            _await(child)
            try:
                clean(setting.folder)
            except Spoiled:
                send(0, [child.fate, True])
                break
            send(0, [child.fate, False])
    if FENCED:  # the caller, who removes it too, may have been killed
        with contextlib.suppress(OSError, Spoiled):
            clean(setting.folder)
            rmdir(setting.folder)
    os._exit(0)


def _await(child: Child) -> None:
    """Until the caller ends it, or hangs up; the child may end before."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(child.handle, select.POLLIN)
    while True:
        ready = dict(poll.poll(None if child.fate else WATCH * 1000))
        if child.handle in ready:
            child.end(ENDED)
        elif not ready:
            child.watch()
        if 0 in ready:
            try:
                receive(0)
            finally:
                child.end(ENDED)
            return
        if child.fate:
            poll.unregister(child.handle)


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
