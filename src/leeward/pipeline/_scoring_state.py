"""The file with what the signals remember: whole or absent, and known where it was damaged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from leeward.store import make_folder, write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SIGNALS_FOLDER", "Saved", "StateFile"]

SIGNALS_FOLDER: Final = "signals"
"""Below the data folder."""

_MAGIC: Final = b"leeward signals 1\n"
_DIGEST: Final = 32


class Saved(Struct, frozen=True):
    """What signals remember.

    Attributes:
        through: The place in the log as of which they do.
        rewritten: What ``Log.rewritten`` said when the oldest of it was read.
        memory: By the signal's name, its version and what it saved.
    """

    through: int
    rewritten: int
    memory: dict[str, tuple[str, bytes]]

    def __repr__(self) -> str:
        """The place and the names: content stays out of ``repr``."""
        return f"<Saved through={self.through} {', '.join(self.memory)}>"


class StateFile:
    """``DIR/signals/state-JOB.bin``, for its owner alone.

    ``damage`` says in words why it was of no use; it can always be made again from the log.

    Args:
        data: The data folder.
        job: Whose state it is.
    """

    def __init__(self, data: Path, job: str) -> None:
        self.path = data / SIGNALS_FOLDER / f"state-{job}.bin"
        self.damage: str | None = None

    def load(self) -> Saved | None:
        """What was saved last; None where there is nothing that can be used."""
        self.damage = None
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            self.damage = f"{self.path.name} cannot be read; it is made again from the log"
            return None
        body = raw[len(_MAGIC) + _DIGEST :]
        head = _MAGIC + hashlib.sha256(body).digest()
        try:
            if raw.startswith(head):
                return msgspec.msgpack.decode(body, type=Saved)
        except msgspec.MsgspecError:
            pass  # of a form that is not known here, as below
        self.damage = f"{self.path.name} was damaged; it is made again from the log"
        return None

    def save(self, saved: Saved) -> None:
        """Put it in the place of what was there.

        Raises:
            StoreError: It cannot be written.
        """
        body = msgspec.msgpack.encode(saved)
        make_folder(self.path.parent)
        write_whole(self.path, _MAGIC + hashlib.sha256(body).digest() + body)

    def remove(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)
