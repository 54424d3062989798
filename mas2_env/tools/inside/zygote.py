"""The helper in the sandbox: forks one confined child for each program, and ends it.

Descriptor 0 is a socket to the caller. A job comes as a descriptor, the program's channel, and a frame with
the limits; the program itself goes through its channel, so that nothing of it is ever in this process, whose
memory the next program inherits. The frame `null` ends the child, and is answered by how it ended.
"""

import contextlib
import ctypes
import gc
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from typing import Any, NoReturn

from mas2_env.tools.inside.confine import build, drop_capabilities, fence, install, retire, supported
from mas2_env.tools.inside.program import rehearse, run
from mas2_env.tools.wire import Closed, receive, send

# Programs import these all the time; loading them once here costs each program nothing.
PRELOADED = (
    *("bisect", "collections", "collections.abc", "copy", "datetime", "decimal", "fractions", "functools"),
    *("hashlib", "heapq", "io", "itertools", "math", "operator", "re", "statistics", "string", "typing"),
)
ENDED = "the process ended without a result"
WATCH = 0.05
"""Seconds between looks at a running program."""
MOST_THREADS = 256
MOST_FILES = 1_000
"""Files and folders left by a program beyond which the sandbox is given up instead of cleaned."""
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CHANNEL, DELAYS = 3, 4
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

    def __init__(self, job: dict[str, Any], channel: int, folder: str, filtered: bool) -> None:
        self.limit, self.began, self.alone = job["limit"], time.monotonic(), filtered
        self.pid = _fork()
        if self.pid == 0:
            _become(job, channel, folder, filtered)
        self.handle = os.pidfd_open(self.pid)
        self.fate = ""

    def watch(self) -> None:
        """End it if its time is up or it runs too many threads."""
        try:
            with open(f"/proc/{self.pid}/schedstat") as file:
                delay = int(file.read().split()[1]) * 1e-9
            threads = len(os.listdir(f"/proc/{self.pid}/task"))
        except OSError:
            return  # it has ended
        if time.monotonic() - self.began - delay > self.limit:
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
        for kill in (os.kill,) if self.alone else (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.handle)
        while not self.alone and (left := _children()):
            for orphan in left:
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except FileNotFoundError:  # a kernel without this list: the process group has been killed
        return []


def _become(job: dict[str, Any], channel: int, folder: str, filtered: bool) -> NoReturn:
    """Be the program: give up whatever it has no use for, and run it."""
    try:
        os.setsid()
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        delays = _arrange(channel)
        os.chdir(folder)
        for kind, most in (
            (resource.RLIMIT_AS, job["memory"]),
            (resource.RLIMIT_CPU, int(job["limit"]) + 1),
            (resource.RLIMIT_FSIZE, 16 << 20),
            (resource.RLIMIT_NOFILE, 64),
            (resource.RLIMIT_NPROC, job["processes"]),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
        if FENCED:
            fence(folder)
        drop_capabilities()
        if filtered:
            install(build(os.getpid()))
    except (OSError, ValueError) as error:
        send(CHANNEL, ["broken", f"cannot confine the program: {error}", ""])
        os._exit(1)
    run(CHANNEL, delays)


def _arrange(channel: int) -> int | None:
    """Leave open null as standard streams, the channel, and the count of this thread's delays, if any."""
    null = os.open(os.devnull, os.O_RDWR)
    moved = os.dup2(channel, 40)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.dup2(moved, CHANNEL, inheritable=False)
    os.closerange(CHANNEL + 1, 64)
    try:
        delays = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:  # a kernel that does not count them
        return None
    if delays != DELAYS:
        os.dup2(delays, DELAYS, inheritable=False)
        os.close(delays)
    return DELAYS


def clean(folder: str) -> None:
    """Remove what a program has left in its folder.

    Raises:
        Spoiled: if that is too much, or cannot be done.
    """
    try:
        left = [entry.path for entry in os.scandir(folder)]
        if not left:
            return
        count = 0
        for _, folders, files in os.walk(folder):
            count += len(folders) + len(files)
            if count > MOST_FILES:
                raise Spoiled(f"more than {MOST_FILES} files")
        for path in left:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
    except (OSError, RecursionError) as error:
        raise Spoiled(str(error)) from error


def main() -> None:
    """Prepare, say so, and serve the caller until it hangs up."""
    folder = sys.argv[1]
    retire(int(sys.argv[2]), "nobody" in sys.argv)
    for name in PRELOADED:
        __import__(name)
    os.environ.clear()
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    filtered, caller = supported(), socket.socket(fileno=0)
    if filtered:
        build(0)
    rehearse()
    processes = _processes() + MOST_THREADS
    gc.collect()
    gc.freeze()
    send(0, {"filtered": filtered})
    try:
        while True:
            _, descriptors, _, _ = socket.recv_fds(caller, 1, 1)
            if not descriptors:
                break
            job = receive(0)
            child = Child({**job, "processes": processes}, descriptors[0], folder, filtered)
            os.close(descriptors[0])
            _await(child)
            send(0, child.fate)
            clean(folder)
    except (Closed, ConnectionResetError):
        pass
    if FENCED:  # the caller, who removes it too, may have been killed
        shutil.rmtree(folder, ignore_errors=True)
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
