"""Helper processes: started, asked and ended by their caller, whatever ends that one."""

import contextlib
import os
import socket
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from mas2_env.tools import wire

unforked = threading.RLock()
"""Held while a descriptor is open whose copy in a forked child would keep the other end from seeing it close;
a fork of this process waits for it."""


class HelperLost(Exception):
    """A helper ended, or was silent for too long (`late`)."""

    def __init__(self, message: str, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


class Helper:
    """A process with a socket to it as its standard input, over which frames go both ways.

    It ends when its caller hangs up, which the end of the caller does as well. It belongs to the process that
    started it: a fork of that one drops it, since a copy of the socket would keep it alive. Not thread-safe.

    Args:
        command: program and arguments.
        env: its whole environment.
        cwd: folder that it starts in.
        errors: whether what it writes to standard error is kept for `complaints`.

    Raises:
        OSError: if it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], cwd: str | None = None, errors: bool = False
    ) -> None:
        with unforked:
            self.socket, theirs = socket.socketpair()
            with theirs:
                try:
                    self.process = subprocess.Popen(
                        list(command),
                        stdin=theirs.fileno(),
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE if errors else subprocess.DEVNULL,
                        bufsize=0,
                        cwd=cwd,
                        env=env,
                        start_new_session=True,  # an interrupt at the terminal is for the caller alone
                    )
                except OSError:
                    self.socket.close()
                    raise
            self._finish = weakref.finalize(self, _finish, self.process, self.socket, os.getpid())
            _helpers.add(self)

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            HelperLost: if it has ended.
        """
        self.send_data(wire.encode(message))

    def send_data(self, data: bytes) -> None:
        """Send a frame of these bytes.

        Raises:
            HelperLost: if it has ended.
        """
        try:
            self.socket.sendall(wire.frame(data))
        except OSError as error:
            raise HelperLost(f"it has ended: {error}") from error

    def pass_on(self, descriptor: int) -> None:
        """Send a copy of a descriptor.

        Raises:
            HelperLost: if it has ended.
        """
        try:
            socket.send_fds(self.socket, [wire.PASSED], [descriptor])
        except OSError as error:
            raise HelperLost(f"it has ended: {error}") from error

    def receive(self, limit: float) -> Any:
        """The next frame.

        Raises:
            HelperLost: if there is none within `limit` seconds.
        """
        try:
            return wire.receive(self.socket.fileno(), limit)
        except wire.Late as error:
            raise HelperLost(f"it gave no answer within {limit:g} s", late=True) from error
        except (wire.Closed, wire.Garbled) as error:
            raise HelperLost(str(error)) from error

    def complaints(self) -> str:
        """What it has written to standard error since this was asked last."""
        stream = self.process.stderr
        if stream is None:
            return ""
        os.set_blocking(stream.fileno(), False)
        return (stream.read() or b"").decode("utf-8", "replace")

    def close(self, kill: bool = False) -> None:
        """Hang up, and see it end; `kill` does not wait for it to notice."""
        if kill and self._finish.alive:
            self.process.kill()
        self._finish()

    def _forget(self) -> None:
        self._finish.detach()
        _hang_up(self.process, self.socket)
        self.process.returncode = 0  # it is not this process's child: nobody here can wait for it


def _hang_up(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    with contextlib.suppress(OSError):
        channel.close()
    if process.stderr is not None:
        with contextlib.suppress(OSError):
            process.stderr.close()


_helpers: "weakref.WeakSet[Helper]" = weakref.WeakSet()


def _after_fork() -> None:
    for helper in list(_helpers):
        helper._forget()
    _helpers.clear()
    unforked.release()


os.register_at_fork(before=unforked.acquire, after_in_parent=unforked.release, after_in_child=_after_fork)


def _finish(process: subprocess.Popen[bytes], channel: socket.socket, pid: int) -> None:
    if os.getpid() != pid:
        return
    _hang_up(process, channel)
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
