"""The helper process that runs untrusted programs, seen from the caller."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from importlib.resources import files
from typing import Any, Protocol

from mas2_env.errors import Breakdown

START_LIMIT = 30.0
GRACE = 1.0
"""Seconds past its limit after which a program that swallowed it is killed, as in the official harness."""
SLACK = 5.0
"""Seconds beyond that after which the helper is taken for hung."""


class HelperLost(Exception):
    """The helper ended, or hung, over a program; the caller may try another one."""


class Isolation(Protocol):
    """How the helper is started; all else is the same under every isolation."""

    name: str

    def command(self, argv: list[str], folder: str) -> list[str]:
        """The command that runs `argv` with `folder` as the only place to write to."""
        ...


class ProcessIsolation:
    """Own process, session, limits and folder for each program, and nothing more: no namespaces."""

    name = "process"

    def command(self, argv: list[str], folder: str) -> list[str]:
        """`argv` as it is."""
        return argv


class Worker:
    """One helper; runs one program at a time. Not thread-safe: `PythonRunner` sees to that.

    Raises:
        Breakdown: if the helper does not start.
    """

    def __init__(self, isolation: Isolation) -> None:
        self.folder = tempfile.mkdtemp(prefix="mas2-python-")
        self.pid = os.getpid()
        try:
            self.process = subprocess.Popen(
                isolation.command(_argv(self.folder), self.folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=self.folder,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"},
                start_new_session=True,  # an interrupt at the terminal is for the caller, who then hangs up
            )
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Breakdown(f"cannot start {sys.executable} to run programs: {error}") from error
        self._end = weakref.finalize(self, _end, self.process, self.folder, self.pid)
        try:
            self._receive(START_LIMIT)
        except HelperLost as error:
            self.close()
            raise Breakdown(
                f"the helper that runs programs ({sys.executable}) does not start: {error}"
            ) from error

    def ask(self, job: dict[str, Any], limit: float) -> Any:
        """Send a job, which is killed after `limit` seconds, and return the answer.

        Raises:
            HelperLost: if the helper has ended or gives no answer within `limit` and a few seconds.
        """
        data = json.dumps({**job, "limit": limit}).encode()
        data = len(data).to_bytes(4, "big") + data
        assert self.process.stdin is not None
        try:
            while data:
                data = data[os.write(self.process.stdin.fileno(), data) :]
        except OSError as error:
            raise HelperLost(f"it has ended: {error}") from error
        return self._receive(limit + SLACK)

    def _receive(self, limit: float) -> Any:
        assert self.process.stdout is not None
        channel, end = self.process.stdout.fileno(), time.monotonic() + limit
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        data = b""
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                raise HelperLost(f"it gave no answer within {limit:g} s")
            piece = os.read(channel, 65536)
            if not piece:
                raise HelperLost("it ended without an answer")
            data += piece
        return json.loads(data[4:])

    def close(self) -> None:
        """Hang up; the helper ends and its folder goes."""
        self._end()

    def forget(self) -> None:
        """Drop a helper that belongs to the process this one was forked from, leaving it alone."""
        self._end.detach()
        _hang_up(self.process)
        self.process.returncode = 0  # it is not this process's child: nobody here can wait for it


def _argv(folder: str) -> list[str]:
    # -s -S -P with an environment of our own is -I, except that PYTHONHASHSEED holds, so that sets print
    # alike everywhere. Without site-packages a program cannot import this project, whose
    # generators know the tests.
    source = files("mas2_env.tools").joinpath("sandbox_zygote.py").read_text(encoding="utf-8")
    start = (
        "import builtins;exec(compile("
        + repr(source)
        + ",'<zygote>','exec'),{'__name__':'__main__','__builtins__':dict(vars(builtins))})"
    )
    return [sys.executable, "-s", "-S", "-P", "-B", "-c", start, folder]


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _end(process: subprocess.Popen[bytes], folder: str, pid: int) -> None:
    if os.getpid() != pid:
        return
    _hang_up(process)
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
