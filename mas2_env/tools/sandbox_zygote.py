"""What runs inside the sandbox: a helper that forks one confined child for each program.

This file is not imported by the caller: its text is given to a fresh interpreter (see `sandbox.Worker`),
and it uses the standard library only. It reads framed jobs from descriptor 0 and writes framed verdicts to
descriptor 1.

How a verdict is kept from being forged. The child reports over its own pipe, and a report counts only if it
begins with a secret made for this run. While the program runs, the secret lives in a closure that stands on
the interpreter's value stack alone (`serve()(run())` below): no frame's variables, no module and, after
`gc.freeze`, no collector list leads to it. This module runs with a private copy of the builtins, and so do
the tests, so that replacing `len` or `abs` changes neither. Exit codes and prints say nothing.

The rules of a run are those of the official harness of HumanEval (openai/human-eval, `execution.py`): the
same names are made None, standard input raises, output is swallowed, `__name__` is `builtins`, and a
process that ends without a report counts as `timed out`.
"""

import builtins
import ctypes
import faulthandler
import gc
import io
import json
import os
import random
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

# Programs import these all the time; loading them once here costs each program nothing.
PRELOADED = (
    *("bisect", "collections", "collections.abc", "copy", "datetime", "decimal", "fractions", "functools"),
    *("hashlib", "heapq", "io", "itertools", "math", "operator", "re", "statistics", "string", "typing"),
)

STATUS = ("passed", "failed", "timed out", "broken")
OUTPUT_LIMIT = 20_000  # characters kept of a program's output
MESSAGE_LIMIT = 2_000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
HEAP_TYPE = 1 << 9

NO_OS = (
    *(
        "kill",
        "system",
        "putenv",
        "remove",
        "removedirs",
        "rmdir",
        "fchdir",
        "setuid",
        "fork",
        "forkpty",
        "killpg",
    ),
    *("rename", "renames", "truncate", "replace", "unlink", "fchmod", "fchown", "chmod", "chown", "chroot"),
    *("lchflags", "lchmod", "lchown", "getcwd", "chdir"),
)
REFUSED = (
    (os, NO_OS),
    (shutil, ("rmtree", "move", "chown")),
    (subprocess, ("Popen",)),
    (builtins, ("exit", "quit", "help")),
)
NO_MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")

Verdict = tuple[str, str, str]
Job = dict[str, Any]

_jobs: list[Job] = []
_libc = ctypes.CDLL(None)


class Late(Exception):
    """The program's time is up."""


class Forged(Exception):
    """The program answered with an object of its own making, which could claim to equal anything."""


class Stream(io.TextIOBase):
    """Standard input, output and error of a program: keeps the first characters, refuses to be read."""

    encoding, errors = "utf-8", "strict"

    def __init__(self, limit: int) -> None:
        self.left, self.parts = limit, [""]

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if not isinstance(text, str):
            raise TypeError(f"string argument expected, got {type(text).__name__!r}")
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def writable(self) -> bool:
        """Always."""
        return True


def confine(job: Job) -> None:
    """Take away from this process what a program has no use for."""
    os.setsid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.chdir(job["folder"])
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
    faulthandler.disable()
    random.seed(0)  # the same program gives the same verdict in every helper
    os.environ["OMP_NUM_THREADS"] = "1"
    for module, names in REFUSED:
        vars(module).update(dict.fromkeys(names))
    vars(sys)["modules"].update(dict.fromkeys(NO_MODULES))


def run() -> Verdict:
    """Run the job that `serve` left for this child."""
    job = _jobs.pop()
    try:
        confine(job)
    except (OSError, ValueError) as error:
        return ("broken", f"cannot confine the program: {error}", "")
    return execute(job)


def execute(job: Job) -> Verdict:
    """The verdict on a program; leaves the process without one where its exception cannot be shown."""
    leave, timer, untrace, unprofile = os._exit, signal.setitimer, sys.settrace, sys.setprofile
    pristine = dict(vars(builtins))
    stream = Stream(OUTPUT_LIMIT if job["capture"] else 0)
    vars(sys).update(stdin=stream, stdout=stream, stderr=stream)
    signal.signal(signal.SIGALRM, _ring)
    status, message = "passed", ""
    gc.freeze()
    try:
        try:
            timer(signal.ITIMER_REAL, job["timeout"])
            perform(job, pristine)
        finally:
            untrace(None)
            unprofile(None)
            timer(signal.ITIMER_REAL, 0)
    except Late:
        status, message = "timed out", f"no result within {job['timeout']:g} s"
    except (
        BaseException
    ) as error:  # whatever a program raises, SystemExit and KeyboardInterrupt too, is its failure
        try:
            status, message = "failed", _tell(error, job)
        except BaseException:
            leave(1)
    return (status, message, "".join(stream.parts))


def _ring(signum: int, frame: Any) -> NoReturn:
    raise Late("Timed out!")


def _tell(error: BaseException, job: Job) -> str:
    text = str(error)[:MESSAGE_LIMIT]
    if not job["capture"]:
        return text
    lines = job["code"].split("\n")
    shown = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == "<string>" and frame.lineno:
            source = lines[frame.lineno - 1].strip() if frame.lineno <= len(lines) else ""
            shown.append(f"  line {frame.lineno}, in {frame.name}: {source}")
    if len(shown) > 8:
        shown[4:-4] = ["  ..."]
    kind = type(error).__name__
    return "\n".join(["Traceback (most recent call last):", *shown, f"{kind}: {text}" if text else kind])


def perform(job: Job, pristine: dict[str, Any]) -> None:
    """Execute the program and then, out of its reach, the test.

    The text must compile as one program, as the official harness runs it. The test sees the program's names
    but for those that would hide a builtin.
    """
    code, test, entry = job["code"], job["test"], job["entry"]
    if test:
        compile(f"{code}\n{test}\ncheck({entry})", "<string>", "exec")
    space: dict[str, Any] = {
        "__builtins__": vars(builtins)
    }  # the module's own: this one's are a private copy
    if job["capture"]:
        space["__name__"] = "__main__"
    exec(compile(code + "\n", "<string>", "exec"), space)
    if not test:
        return
    candidate = guarded(eval(entry, space))
    if any(name in pristine and not name.startswith("__") for name in space):
        space = {name: value for name, value in space.items() if name not in pristine}
    space["__builtins__"] = pristine
    exec(compile(test, "<test>", "exec"), space)
    space["check"](candidate)


def guarded(function: Any) -> Callable[..., Any]:
    """The function, refusing results whose class the program made."""

    def candidate(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        waiting, seen = [result], set()
        while waiting:
            value = waiting.pop()
            kind = type(value)
            if kind is list or kind is tuple or kind is set or kind is frozenset or kind is dict:
                if id(value) not in seen:
                    seen.add(id(value))
                    waiting.extend(value)
                    if kind is dict:
                        waiting.extend(value.values())
            elif kind.__flags__ & HEAP_TYPE and _homemade(kind):
                raise Forged("the result is an object of the program's own class")
        return result

    return candidate


def _homemade(kind: type) -> bool:
    """Whether a class, or one that it stands on, cannot be found in the module that it names."""
    for cls in (type(kind), *type.mro(kind)):
        if not cls.__flags__ & HEAP_TYPE:
            continue
        found: Any = sys.modules.get(str(cls.__module__))
        for part in str(cls.__qualname__).split("."):
            found = getattr(found, part, None)
        if found is not cls:
            return True
    return False


def reporter(channel: int, secret: bytes) -> Callable[[Verdict], None]:
    """What sends a verdict and ends the process, holding all that it needs before the program starts."""
    write, leave, encode, pack, index = os.write, os._exit, str.encode, struct.pack, STATUS.index

    def report(verdict: Verdict) -> None:
        message, output = (encode(text, "utf-8", "backslashreplace") for text in verdict[1:])
        data = secret + pack(">BII", index(verdict[0]), len(message), len(output)) + message + output
        while data:
            data = data[write(channel, data) :]
        leave(0)

    return report


def serve() -> Callable[[Verdict], None]:
    """Serve jobs until the caller hangs up; in each forked child, return what reports its verdict."""
    root, processes = tempfile.mkdtemp(prefix="zygote-", dir=sys.argv[1]), _processes() + 256
    while True:
        job = _receive()
        if job is None:
            _leave()
        job["folder"], job["processes"] = tempfile.mkdtemp(dir=root), processes
        secret = os.urandom(16)
        ear, mouth = os.pipe()
        pid = os.fork()
        if pid == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            keep = os.dup2(mouth, 3, inheritable=False) if mouth != 3 else mouth
            os.closerange(4, 64)
            _jobs.append(job)
            return reporter(keep, secret)
        os.close(mouth)
        verdict = _await(ear, secret, job["limit"])
        os.close(ear)
        _kill(pid)
        shutil.rmtree(job["folder"], ignore_errors=True)
        _answer(verdict)


def _await(ear: int, secret: bytes, limit: float) -> Verdict:
    """The child's report; `timed out` where it ends, or runs over the limit, without one."""
    data, end = b"", time.monotonic() + limit
    poll = select.poll()
    poll.register(ear, select.POLLIN)
    while poll.poll(max(0.0, end - time.monotonic()) * 1000):
        piece = os.read(ear, 65536)
        data += piece
        if not secret.startswith(data[:16]) and data[:16] != secret:
            return ("failed", "the program wrote to the channel of its verdict", "")
        if len(data) >= 25:
            status, message, output = struct.unpack_from(">BII", data, 16)
            if len(data) >= 25 + message + output:
                texts = data[25 : 25 + message], data[25 + message : 25 + message + output]
                return (STATUS[status], texts[0].decode(), texts[1].decode())
        if not piece:
            return ("timed out", "the process ended without a result", "")
    return ("timed out", f"killed after {limit:g} s", "")


def _kill(pid: int) -> None:
    """End a child and whatever it started: orphans fall to this process, their subreaper."""
    for end in (os.killpg, os.kill):
        try:
            end(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os.waitpid(pid, 0)
    path = f"/proc/self/task/{os.getpid()}/children"
    while True:
        try:
            with open(path) as file:
                left = file.read().split()
        except FileNotFoundError:  # a kernel without this list: the process group has been killed
            return
        if not left:
            return
        for orphan in left:
            os.kill(int(orphan), signal.SIGKILL)
            os.waitpid(int(orphan), 0)


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


def _read(count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece:
            return b""
        data += piece
    return data


def _receive() -> Job | None:
    head = _read(4)
    body = _read(int.from_bytes(head, "big")) if head else b""
    return json.loads(body) if body else None


def _answer(verdict: Verdict | str) -> None:
    data = json.dumps(verdict).encode()
    data = len(data).to_bytes(4, "big") + data
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        _leave()


def _leave() -> NoReturn:
    """The caller has hung up: nothing stays behind."""
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Prepare the helper and serve."""
    for name in PRELOADED:
        __import__(name)
    os.environ.clear()
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()
    _answer("ready")
    serve()(run())


if __name__ == "__main__":
    main()
