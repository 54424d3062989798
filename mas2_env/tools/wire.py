"""Frames of JSON between processes: four bytes of length, big-endian, and the text.

Used at both ends of every channel to a helper process, also inside the sandbox, to which this file is sent
as text: it uses the standard library only.
"""

import json
import os
import select
import time
from typing import Any

PIECE = 1 << 13
"""Bytes that are read at a time."""
MOST = 1 << 26
"""Length in bytes from which a frame is refused unread."""
PASSED, END = b"=", b"."
"""Signs that come in no frame: with a descriptor alone; that a program is to end."""

_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().decode
_read, _write, _clock = os.read, os.write, time.monotonic


class Closed(Exception):
    """The other end has gone."""


class Late(Exception):
    """The other end was silent for too long."""


class Garbled(Exception):
    """What came is no frame, or more than a frame."""


def encode(message: Any) -> bytes:
    """The text of a message."""
    return _json(message).encode()


def frame(data: bytes) -> bytes:
    """A frame with this text."""
    return len(data).to_bytes(4, "big") + data


def send(channel: int, message: Any) -> None:
    """Write a frame.

    Raises:
        Closed: if nobody reads it.
    """
    send_data(channel, encode(message))


def send_data(channel: int, data: bytes) -> None:
    """Write a frame with these bytes.

    Raises:
        Closed: if nobody reads it.
    """
    data = frame(data)
    try:
        while data:
            data = data[_write(channel, data) :]
    except OSError as error:
        raise Closed(str(error)) from error


def receive(channel: int, limit: float | None = None, most: int = MOST) -> Any:
    """Read a frame, which must be all that there is to read.

    Args:
        channel: descriptor of a pipe or socket.
        limit: seconds to wait; None to wait for ever.
        most: length from which a frame is refused.

    Raises:
        Closed: if the other end closes before the frame's end.
        Late: if the frame is not there in time.
        Garbled: if it is too long, is no JSON, or if more follows it.
    """
    try:
        return _decode(receive_data(channel, limit, most).decode())
    except (ValueError, RecursionError) as error:
        raise Garbled(f"no JSON: {error}") from error


def receive_data(channel: int, limit: float | None = None, most: int = MOST) -> bytes:
    """Read a frame as `receive` does, and give the bytes in it."""
    end = None if limit is None else _clock() + limit
    data = _piece(channel, end)
    while len(data) < 4:
        data += _piece(channel, end)
    size = int.from_bytes(data[:4], "big")
    if size > most:
        raise Garbled(f"a message of {size} bytes, more than {most}")
    if len(data) - 4 < size:
        parts, count = [data], len(data) - 4
        while count < size:
            parts.append(_piece(channel, end))
            count += len(parts[-1])
        data = b"".join(parts)
    if len(data) - 4 > size:
        raise Garbled("more than one message at a time")
    return data[4:]


def _piece(channel: int, end: float | None) -> bytes:
    if end is not None:
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        if not poll.poll(max(0.0, end - _clock()) * 1000):
            raise Late("no answer in time")
    try:
        piece = _read(channel, PIECE)
    except ConnectionResetError:
        piece = b""
    if not piece:
        raise Closed("it ended without an answer")
    return piece
