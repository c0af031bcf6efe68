"""What the process that scores and the process that stores say to each other."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from leeward.model import Settings, settings_of
from leeward.store import Scored  # noqa: TC001 - msgspec reads annotations

__all__ = [
    "REFUSED",
    "STOP",
    "STORED",
    "Failed",
    "Message",
    "Said",
    "ToStore",
    "decoder",
    "pack",
    "unpack",
]

STORED: Final = b"stored"
REFUSED: Final = b"refused"
STOP: Final = b"stop"


_GROUPS: Final = ("tables", "scoring", "signals")
"""The settings that concern scoring."""


def pack(settings: Settings) -> bytes:
    """The settings that concern scoring: they may hold a password, so they are no argument."""
    groups = {name: getattr(settings, name) for name in _GROUPS}
    return msgspec.json.encode(groups)


def unpack(body: bytes) -> Settings:
    """They, on the other side."""
    return settings_of(msgspec.json.decode(body))


class ToStore(Struct, frozen=True, tag="store"):
    """What came of some rows: it is stored, or refused because rows were erased meanwhile."""

    scored: Scored
    rewritten: int


class Said(Struct, frozen=True, tag="said"):
    """What cannot be used, in words, and how far a replay has come; 0 where there is none."""

    broken: dict[str, str]
    replayed: int
    replay: int


class Failed(Struct, frozen=True, tag="failed"):
    """The process ends because of this."""

    message: str
    where: str | None
    hint: str | None


Message: TypeAlias = ToStore | Said | Failed
decoder: Final = msgspec.msgpack.Decoder(Message)
