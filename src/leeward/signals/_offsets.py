"""From places in a folded text back to its source."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from leeward.model import fold

__all__ = ["source_offsets"]


def source_offsets(text: str) -> tuple[list[int], list[int]]:
    """For each code point of ``fold(text)``, the code points of ``text`` that it comes from.

    Folding is done cluster by cluster: a cluster begins where nothing can compose with what
    stands before (UAX #15, section 13), so the folded clusters in a row are the folded text.

    Returns:
        Where the source begins, and where it ends, per code point.
    """
    starts: list[int] = []
    ends: list[int] = []
    if text.isascii():
        return list(range(len(text))), list(range(1, len(text) + 1))
    begins = [at for at, char in enumerate(text) if at == 0 or _begins(char)]
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        width = _width(text[begin:end])
        starts += [begin] * width
        ends += [end] * width
    return starts, ends


@lru_cache(4096)
def _begins(char: str) -> bool:
    """Whether a character never composes with the one before it, nor moves before it."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return bool(once) and unicodedata.combining(once[0]) == 0 and once[0] not in _seconds()


@lru_cache(8192)
def _width(cluster: str) -> int:
    """How many code points a cluster has when it is folded."""
    return len(fold(cluster))


@cache
def _seconds() -> frozenset[str]:
    """All that may be the second of a pair that composes."""
    found = {chr(point) for point in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    for point in range(0x20000):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(chr(int(parts[1], 16)))
    return frozenset(found)
