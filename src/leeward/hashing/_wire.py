"""What a hashing process and its owner say to each other, over a pair of sockets."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

from leeward.hashing._limits import Limits  # noqa: TC001 - msgspec reads it at run time
from leeward.hashing._media import Hashed  # noqa: TC001 - msgspec reads it at run time
from leeward.hashing._video import VideoLimits  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    import socket

__all__ = ["READY", "Reply", "Request", "receive", "send"]

READY: Final = b"ready"
"""The first thing that a process says, when it has loaded and confined itself."""

_LENGTH: Final = struct.Struct("<Q")
_PIECE: Final = 1 << 20


class Request(msgspec.Struct, frozen=True):
    """One file to be hashed.

    Attributes:
        path: Where it lies; without one, its bytes follow.
        dihedral: As for :func:`hash_media`.
        limits: As for :func:`hash_media`.
        video: As for :func:`hash_media`.
        where: As for :func:`hash_media`.
    """

    path: str | None
    dihedral: bool
    limits: Limits
    video: VideoLimits | None
    where: str | None


class Reply(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        hashed: The result, where the file could be read.
        unreadable: Otherwise why not.
        exhausted: Memory ran out, and the process ends after this reply.
    """

    hashed: Hashed | None = None
    unreadable: str | None = None
    exhausted: bool = False


def send(connection: socket.socket, *parts: bytes | memoryview) -> None:
    """Send one message made of parts, none of which is copied.

    Raises:
        OSError: The other side is gone, or the time of the connection is over.
    """
    connection.sendall(_LENGTH.pack(sum(map(len, parts))))
    for part in parts:
        connection.sendall(part)


def receive(connection: socket.socket, most: int | None = None) -> bytearray | None:
    """Receive one message, or nothing where the other side is gone or announces too much.

    Args:
        connection: To the other side.
        most: Bytes that a message may have, where the other side is not to be trusted.

    Raises:
        OSError: The time of the connection is over.
    """
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    return None if most is not None and size > most else _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytearray | None:
    message = bytearray(size)
    rest = memoryview(message)
    while rest:
        count = connection.recv_into(rest, min(len(rest), _PIECE))
        if count == 0:
            return None
        rest = rest[count:]
    return message
