"""Made-up words: handles, hashtags, group names and filler text.

The syllables are chosen so that no two beside each other make a word that somebody would mind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from leeward.simulate._types import Longs, Octets

__all__ = ["Table", "fixed_words", "syllables_for", "table_of", "words"]

_SPELLED: Final = b"""
be de do du ke la le lo lu ma me mi mo mu na ne no ra re ri
ro ru ta to tu va ve vi vu wa we wi wo ya ye yo za ze zo zu
"""
_SYLLABLES: Final = np.array([list(syllable) for syllable in _SPELLED.split()], np.uint8)
_BASE: Final = len(_SYLLABLES)


class Table(NamedTuple):
    """Strings that kernels can read: string ``i`` is ``octets[starts[i]:starts[i + 1]]``."""

    starts: Longs
    octets: Octets


def fixed_words(rng: np.random.Generator, count: int, syllables: int) -> Octets:
    """Different words of that many syllables, one a row, in no order."""
    return _spelled(rng.choice(_BASE**syllables, count, replace=False), syllables)


def syllables_for(count: int) -> int:
    """How many syllables so many different words need, with as many again left over."""
    return next(n for n in range(4, 9) if _BASE**n >= 2 * count)


def words(rng: np.random.Generator, count: int, syllables: int) -> list[str]:
    """The same as strings."""
    return [bytes(row).decode() for row in fixed_words(rng, count, syllables)]


def table_of(strings: list[str] | pa.Array) -> Table:
    """Strings as a table for kernels."""
    array = pa.array(strings, pa.string())
    _, starts, octets = array.buffers()
    return Table(
        np.frombuffer(starts, np.int32)[: len(array) + 1].astype(np.int64),
        np.frombuffer(octets, np.uint8) if octets is not None else np.empty(0, np.uint8),
    )


def _spelled(numbers: Longs, syllables: int) -> Octets:
    powers = _BASE ** np.arange(syllables, dtype=np.int64)
    digits = numbers[:, None] // powers % _BASE
    spelled: Octets = _SYLLABLES[digits].reshape(len(numbers), 2 * syllables)
    return spelled
