"""A pair of helpers that run and judge programs, seen from the caller.

A *zygote* in the sandbox forks a confined process for each program; a *judge* in a sandbox of its own runs
the test. For each program a fresh channel joins the two. So the test is never in the program's process, nor
anywhere that it can see, and the verdict never in its hands.
"""

import itertools
import marshal
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mas2_env.errors import SandboxError
from mas2_env.tools import wire
from mas2_env.tools.helper import Helper, HelperLost, unforked
from mas2_env.tools.isolation import Isolation, interpreter

START_LIMIT = 30.0
GRACE = 1.0
"""Seconds past its limit after which a program that swallowed it is killed, as in the official harness."""
TRIES = 3
"""How often a program is run that was killed while the judge, for which it waited, waited for a processor."""
PATIENCE = 10.0
"""How much longer than its limit a program may take on a machine that is busy with others."""
SLACK = 5.0
"""Seconds beyond that after which a helper is taken for hung."""
MOST_SAID = 1 << 20
"""Length in bytes of the report of a program that is not judged."""
PROTOCOL = 1
"""Of isolation and judging; verdicts of another one are not taken for this one's."""

INSIDE = {
    "zygote": ("values", "confine", "program", "zygote"),
    "judge": ("values", "confine", "judge"),
}
START = """
import builtins, marshal, os, sys, types
def read(count):
    data = b""
    while len(data) < count:
        piece = os.read(0, count - len(data))
        if not piece: os._exit(0)
        data += piece
    return data
modules = marshal.loads(read(int.from_bytes(read(4), "big")))
own = dict(vars(builtins))
for name, code in modules:
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__["__builtins__"] = own
    exec(code, module.__dict__)
main = module.main
for name, _ in modules: del sys.modules[name]
del name, code, module, modules, own, read
main()
"""
# -s -S -P with an environment of our own is -I, except that PYTHONHASHSEED holds, so that sets print alike
# everywhere. Without site-packages a program cannot import this project, whose generators know the tests.
FLAGS = ("-s", "-S", "-P", "-B", "-c", START)
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}


class Stale(HelperLost):
    """A helper was lost before the program began: an earlier one, or something else, has ended it."""


class Worker:
    """Runs and judges one program at a time. Not thread-safe: `PythonRunner` sees to that.

    Raises:
        SandboxError: if the helpers do not start.
    """

    def __init__(self, isolation: Isolation) -> None:
        self._isolation, self._core = isolation, next(_cores)
        self.folder = isolation.folder or tempfile.mkdtemp(prefix="mas2-python-")
        self._tidy = (
            weakref.finalize(self, _remove, self.folder, os.getpid()) if isolation.folder is None else None
        )
        self._owed = self._spoiled = False
        self._judge: Helper | None = None
        try:
            self.zygote = _start(isolation, "zygote", self.folder, self._core)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the helpers can run another program, as far as can be told without asking."""
        return not self._spoiled and all(helper.process.poll() is None for helper in self.helpers())

    def helpers(self) -> list[Helper]:
        """The processes."""
        return [helper for helper in (getattr(self, "zygote", None), self._judge) if helper is not None]

    def perform(self, job: Mapping[str, Any]) -> tuple[str, str, str]:
        """Status, message and output of a program.

        Args:
            job: the fields of a `Program`.

        Raises:
            Stale: if a helper had ended before it.
            HelperLost: if one ended over it.
            SandboxError: if it cannot be run here at all.
        """
        for _ in range(TRIES):
            status, message, output, waited = self._perform(job)
            if waited < GRACE / 2 or not message.startswith("killed after") or self._spoiled:
                break
        return status, message, output

    def _perform(self, job: Mapping[str, Any]) -> tuple[str, str, str, float]:
        """As `perform`, and how many seconds the judge waited for a processor."""
        limit = job["timeout"] + GRACE
        judge = self._ready_judge() if job["test"] else None
        self._clear()
        with self._fork({"limit": limit, "memory": job["memory"]}) as ours:
            _say(ours, {name: job[name] for name in ("code", "capture", "timeout")} | {"judged": bool(judge)})
            if judge is not None:
                asked = {name: job[name] for name in ("test", "given", "entry", "timeout")}
                judge.send({**asked, "limit": limit}, ours.fileno())
                status, message, waited = judge.receive(limit * PATIENCE + SLACK)
                output = ""
            else:
                status, message, output = _listen(ours, limit * PATIENCE + SLACK)
                waited = 0.0
            self.zygote.send(None)  # before the channel closes, of which a dead process need not be told
        if status == "timed out" and not message:
            message = self._settle()
        return status, message, output, waited

    def _fork(self, limits: Mapping[str, Any]) -> socket.socket:
        """The channel of a new process for a program."""
        with unforked:
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    self.zygote.send(limits, theirs.fileno())
                except HelperLost as error:
                    ours.close()
                    raise Stale(str(error)) from error
        self._owed = True
        return ours

    def _settle(self) -> str:
        """How the last program's process ended."""
        if not self._owed:
            return ""
        self._owed = False
        fate, self._spoiled = self.zygote.receive(SLACK + START_LIMIT)
        return str(fate)

    def _clear(self) -> None:
        """See that the last program is over and has left nothing."""
        try:
            self._settle()
        except HelperLost as error:
            raise Stale(str(error)) from error
        if self._spoiled:
            raise Stale("an earlier program has left what cannot be cleaned away")

    def _ready_judge(self) -> Helper:
        if self._judge is None:
            self._judge = _start(self._isolation, "judge", self.folder, self._core)
        return self._judge

    def close(self, kill: bool = False) -> None:
        """Hang up; the helpers end and their folder goes."""
        for helper in self.helpers():
            helper.close(kill)
        if self._tidy is not None:
            self._tidy()


def _turns() -> Iterator[int]:
    """Processors in turn; runners of other processes begin elsewhere."""
    usable = sorted(os.sched_getaffinity(0))
    return itertools.cycle(usable[os.getpid() % len(usable) :] + usable[: os.getpid() % len(usable)])


# The processes of a worker hand a program to and fro, which costs a third less on one processor than on two.
# A program with many threads so also leaves the other processors to others.
_cores = _turns()


def _start(isolation: Isolation, name: str, folder: str, core: int) -> Helper:
    """A helper that has said that it is ready."""
    command = isolation.command([*FLAGS, folder, str(core)])
    try:
        helper = Helper(command, ENVIRONMENT, cwd="/", errors=True)
    except OSError as error:
        raise SandboxError(f"cannot start {command[0]} to run programs: {error}") from error
    try:
        helper.send_data(_modules(name))
        helper.receive(START_LIMIT)
    except HelperLost as error:
        said = helper.complaints().strip().rpartition("\n")[2]
        helper.close(kill=True)
        raise SandboxError(
            f"the helper that runs programs ({interpreter()}, isolation: {isolation.name}) does not start: "
            f"{said or error}"
        ) from error
    return helper


@lru_cache(maxsize=len(INSIDE))
def _modules(name: str) -> bytes:
    """Names and code of the modules that a helper consists of, in the order of their imports, the named last.

    Compiled here: what a compiler leaves in a helper's memory makes each fork of it dearer.
    """
    package = files("mas2_env.tools")
    paths = [("mas2_env.tools.wire", package / "wire.py")]
    paths += [(f"mas2_env.tools.inside.{one}", package / "inside" / f"{one}.py") for one in INSIDE[name]]
    return marshal.dumps(
        [(path, compile(file.read_text(encoding="utf-8"), "<sandbox>", "exec")) for path, file in paths]
    )


def _say(channel: socket.socket, message: Any) -> None:
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(START_LIMIT), 0))
    try:
        wire.send(channel.fileno(), message)
    except wire.Closed as error:
        raise HelperLost(f"the program did not start: {error}") from error


def _listen(channel: socket.socket, limit: float) -> tuple[str, str, str]:
    """What a program that is not judged says of its own end."""
    try:
        told = wire.receive(channel.fileno(), limit, MOST_SAID)
        status, message, output = told
        if status in ("passed", "failed", "timed out", "broken"):
            return status, str(message), str(output)
    except wire.Closed:
        return "timed out", "", ""
    except wire.Late as error:
        raise HelperLost(f"it gave no answer within {limit:g} s") from error
    except (wire.Garbled, ValueError, TypeError):
        pass
    return "failed", "the program wrote to the channel of its report", ""


def _remove(folder: str, pid: int) -> None:
    if os.getpid() != pid:
        return
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):  # what a program has nested deeper than Python recurses, or closed
        subprocess.run(["rm", "-rf", "--", folder], check=False, stderr=subprocess.DEVNULL)
