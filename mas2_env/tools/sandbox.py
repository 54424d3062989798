"""A pair of helpers that run and judge programs, seen from the caller.

A *zygote* in the sandbox forks a confined process for each program; a *judge*, with the clerk who takes the
jobs in a sandbox of its own, runs the test. For each program a fresh channel joins the two. So the test is
never in the program's process, nor anywhere that it can see, and the verdict never in its hands.
"""

import itertools
import marshal
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mas2_env.errors import SandboxError
from mas2_env.tools.helper import Helper, HelperLost
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
PROTOCOL = 3
"""Of isolation and judging; verdicts of another one are not taken for this one's."""

INSIDE = {
    "zygote": ("values", "confine", "passed", "program", "zygote"),
    "judge": ("values", "confine", "passed", "judge", "clerk"),
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
FLAGS = ("-s", "-S", "-P", "-B", "-X", "no_debug_ranges", "-c", START)
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "LD_BIND_NOW": "1"}


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
        self._helpers: list[Helper] = []
        try:
            zygote, judge = (self._start(name) for name in ("zygote", "judge"))
            judge.pass_on(zygote.socket.fileno())
        except BaseException:
            self.close(kill=True)
            raise

    def _start(self, name: str) -> Helper:
        helper = _start(self._isolation, name, self.folder, self._core)
        self._helpers.insert(0, helper)  # the judge's, which holds an end of the zygote's socket, goes first
        return helper

    @property
    def alive(self) -> bool:
        """Whether the helpers are still there, as far as can be told without asking."""
        return all(helper.process.poll() is None for helper in self._helpers)

    def helpers(self) -> list[Helper]:
        """The processes: judge and zygote."""
        return list(self._helpers)

    def perform(self, job: Mapping[str, Any]) -> tuple[str, str, str]:
        """Status, message and output of a program.

        Args:
            job: the fields of a `Program`.

        Raises:
            Stale: if a helper had ended before it.
            HelperLost: if one ended over it.
            SandboxError: if it cannot be run here at all.
        """
        limit = job["timeout"] + GRACE
        asked = marshal.dumps({**job, "limit": limit})
        ended = self._ask(asked, limit)
        for _ in range(TRIES - 1):
            _, message, _, waited = ended
            if waited < GRACE / 2 or not message.startswith("killed after"):
                break
            try:
                ended = self._ask(asked, limit)
            except Stale:  # by this program's own doing
                break
        return ended[:3]

    def _ask(self, asked: bytes, limit: float) -> tuple[str, str, str, float]:
        """Status, message and output of a program, and how many seconds the judge waited for a processor."""
        judge = self._helpers[0]
        try:
            judge.send_data(asked)
        except HelperLost as error:
            raise Stale(str(error)) from error
        status, message, output, waited = judge.receive(limit * PATIENCE + SLACK)
        if status == "stale":
            raise Stale(message)
        return status, message, output, waited

    def settle(self) -> None:
        """Wait until the last program's process is gone, and what it has left in its folder.

        Raises:
            HelperLost: if that ends a helper.
        """
        self._ask(marshal.dumps(None), START_LIMIT)

    def close(self, kill: bool = False) -> None:
        """Hang up; the helpers end and their folder goes."""
        for helper in self._helpers:
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


def _remove(folder: str, pid: int) -> None:
    if os.getpid() != pid:
        return
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):  # what a program has nested deeper than Python recurses, or closed
        subprocess.run(["rm", "-rf", "--", folder], check=False, stderr=subprocess.DEVNULL)
