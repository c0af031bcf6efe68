"""What people concluded, kept until the rows behind it come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from leeward.model import Label

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = ["Told"]

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[tuple[Label, ...], tuple[Label, ...]]).decode


class Told:
    """Labels that hold already, and those that will behind a later row."""

    def __init__(self) -> None:
        self._known: set[Label] = set()
        self._waiting: list[Label] = []

    def __repr__(self) -> str:
        """How many."""
        return f"<Told labels={len(self._known)} waiting={len(self._waiting)}>"

    def add(self, labels: Iterable[Label]) -> None:
        """Take labels; the same told again changes nothing."""
        fresh = {*labels} - self._known
        self._known |= fresh
        self._waiting = sorted((*self._waiting, *fresh), key=_order)

    def due(self, seq: int) -> list[Label]:
        """Those that hold before the row of this place; they are given once."""
        count = 0
        while count < len(self._waiting) and self._waiting[count].since < seq:
            count += 1
        due, self._waiting = self._waiting[:count], self._waiting[count:]
        return due

    def next_since(self) -> int | None:
        """Behind which place the next one holds."""
        return self._waiting[0].since if self._waiting else None

    def encode(self) -> bytes:
        """All of them; the same labels give the same bytes."""
        waiting = {*self._waiting}
        done = tuple(sorted((one for one in self._known if one not in waiting), key=_order))
        return _encode((done, tuple(self._waiting)))

    @classmethod
    def decode(cls, saved: bytes) -> Self:
        """What :meth:`encode` gave.

        Raises:
            msgspec.DecodeError: It is not that.
        """
        done, waiting = _decode(saved)
        made = cls()
        made._known = {*done, *waiting}
        made._waiting = [*waiting]
        return made


def _order(label: Label) -> tuple[int, str, str, str, str, float]:
    return (
        label.since,
        label.kind,
        label.subject,
        label.label,
        label.case or "",
        label.weight,
    )
