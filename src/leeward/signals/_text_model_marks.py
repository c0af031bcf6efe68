"""Numbers that stand for texts and accounts, and stretches of whole words."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import fold

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["account_mark", "holds", "text_mark", "whole_words"]

_WORD: Final = 16


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch without blanks at its ends, and with the rest of the words that it cuts.

    A word is followed no further than :data:`_WORD` letters: some scripts write no blanks.
    """
    while start < end - 1 and text[start].isspace():
        start += 1
    while start < end - 1 and text[end - 1].isspace():
        end -= 1
    first, last = start, end
    while first > max(0, start - _WORD) and text[first - 1 : first + 1].isalnum():
        first -= 1
    while last < min(len(text), end + _WORD) and text[last - 1 : last + 1].isalnum():
        last += 1
    return first, last


def text_mark(text: str) -> int:
    """A number for a text, the same where folding and blanks alone tell two apart."""
    return _mark(" ".join(fold(text).split()))


def account_mark(account: str) -> int:
    """A number for an account."""
    return _mark(account)


def _mark(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def holds(marks: npt.NDArray[np.uint64], mark: int) -> bool:
    """Whether a mark is among some, which rise."""
    place = int(np.searchsorted(marks, np.uint64(mark)))
    return place < len(marks) and int(marks[place]) == mark
