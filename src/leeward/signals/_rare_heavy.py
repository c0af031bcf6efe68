"""The heaviest messages of each key: what a finding shows for its score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from leeward.model import EvidenceItem
from leeward.signals._rare_state import FADING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RARE_EVIDENCE", "Heaviest"]

RARE_EVIDENCE: Final = 8
"""Messages that a finding names; the heaviest."""

_FADES: Final = math.log(FADING)


class _Heavy(NamedTuple):
    """A message that speaks for the rare class.

    Attributes:
        age: How many messages of its key were counted by then, this one included.
        ratio: Its log likelihood ratio, above 0.
        subject: The post.
        start, end: Where in its text; none where that is not known.
    """

    age: float
    ratio: float
    subject: str
    start: int | None
    end: int | None


def _order(one: _Heavy) -> tuple[float, float, str]:
    """The heaviest first, of equal ones the newest. All fade alike, so the order is lasting."""
    return (one.age * _FADES - math.log(one.ratio), -one.age, one.subject)


class Heaviest:
    """The heaviest messages of each key."""

    def __init__(self) -> None:
        self._of: dict[str, list[_Heavy]] = {}

    def wants(self, key: str, age: float, ratio: float, subject: str) -> bool:
        """Whether a message is among the heaviest of its key."""
        held = self._of.get(key, ())
        if len(held) < RARE_EVIDENCE:
            return True
        return _order(_Heavy(age, ratio, subject, None, None)) < _order(held[-1])

    def note(
        self, key: str, age: float, ratio: float, subject: str, span: tuple[int, int] | None
    ) -> None:
        """Keep a message; what it outweighs goes."""
        held = self._of.setdefault(key, [])
        held.append(_Heavy(age, ratio, subject, *(span or (None, None))))
        held.sort(key=_order)
        del held[RARE_EVIDENCE:]

    def forget(self, key: str) -> None:
        """Drop a key."""
        self._of.pop(key, None)

    def evidence(self, key: str, age: float) -> tuple[EvidenceItem, ...]:
        """The messages of a key, with what each weighs at that age of the key."""
        return tuple(
            EvidenceItem(
                kind="message",
                subject=one.subject,
                weight=one.ratio * FADING ** (age - one.age),
                start=one.start,
                end=one.end,
                value=one.ratio,
            )
            for one in self._of.get(key, ())
        )

    def save(self, keys: Iterable[str]) -> bytes:
        """All of them, in the order of the keys given."""
        return msgspec.json.encode([self._of.get(key, []) for key in keys])

    def load(self, keys: Iterable[str], saved: bytes) -> None:
        """What was saved for these keys, and nothing else."""
        lists = msgspec.json.decode(saved, type=list[list[_Heavy]])
        self._of = {key: held for key, held in zip(keys, lists, strict=True) if held}
