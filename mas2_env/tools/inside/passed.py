"""Sockets that descriptors are passed over, by the calls that the module `socket` is built on.

That module would add a tenth to what a helper has loaded, and each fork copies that.
"""

import _socket
import struct

from mas2_env.tools.wire import PIECE, Closed

_DESCRIPTOR = struct.Struct("@i")
_ROOM = _socket.CMSG_SPACE(_DESCRIPTOR.size)
_LEVEL, _KIND = _socket.SOL_SOCKET, _socket.SCM_RIGHTS


class Passage:
    """A socket over which short messages go, each with a descriptor."""

    def __init__(self, descriptor: int) -> None:
        socket = _socket.socket(fileno=descriptor)
        self._receive, self._send = socket.recvmsg, socket.sendmsg

    def receive(self) -> tuple[bytes, int]:
        """A message, and a descriptor.

        Raises:
            Closed: if the other end closes, or there is no descriptor.
        """
        try:
            data, ancillary, _, _ = self._receive(PIECE, _ROOM)
        except OSError as error:
            raise Closed(str(error)) from error
        for level, kind, passed in ancillary:
            if level == _LEVEL and kind == _KIND:
                return data, int(_DESCRIPTOR.unpack(passed)[0])
        raise Closed("it ended without a message")

    def send(self, data: bytes, descriptor: int) -> None:
        """Send a message with a copy of a descriptor.

        Raises:
            Closed: if nobody reads it.
        """
        try:
            self._send([data], [(_LEVEL, _KIND, _DESCRIPTOR.pack(descriptor))])
        except OSError as error:
            raise Closed(str(error)) from error


def pair() -> tuple[int, int]:
    """The descriptors of the two ends of a channel."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    return ours.detach(), theirs.detach()
