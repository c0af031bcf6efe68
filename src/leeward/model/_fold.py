"""Folding text once, so that no rule folds it again."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, Literal

__all__ = ["fold", "fold_tag"]

_SHORT: Final = 2_000
"""Code points up to which the order of marks costs nothing to speak of."""


def fold(text: str) -> str:
    """The compatibility caseless form of a text.

    Unicode 3.13, definition D146: NFKC(toCasefold(NFKC(toCasefold(NFD(X))))). For ASCII this
    is the lower case, which is why segments store no second copy of ASCII text.

    >>> fold("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}") == "i\N{COMBINING DOT ABOVE}"
    True
    """
    if text.isascii():
        return text.lower()
    once = _normal("NFKC", _normal("NFD", text).casefold())
    return _normal("NFKC", once.casefold())


def _normal(form: Literal["NFD", "NFKC"], text: str) -> str:
    """Normalize. Long runs of marks are put in order first, which Python does in square time."""
    if len(text) > _SHORT:
        parted: Literal["NFD", "NFKD"] = "NFD" if form == "NFD" else "NFKD"

        def ordered(run: re.Match[str]) -> str:
            marks = "".join(unicodedata.normalize(parted, mark) for mark in run[0])
            return "".join(sorted(marks, key=unicodedata.combining))

        text = _runs(parted).sub(ordered, text)
    return unicodedata.normalize(form, text)


@cache
def _runs(form: Literal["NFD", "NFKD"]) -> re.Pattern[str]:
    """Runs of more than 32 marks, of which none begins a character of its own."""
    marks = "".join(
        re.escape(c)
        for c in map(chr, range(0x20000))
        if not 0xD800 <= ord(c) < 0xE000
        and all(map(unicodedata.combining, unicodedata.normalize(form, c)))
    )
    return re.compile(f"[{marks}]{{33,}}")


def fold_tag(tag: str) -> str:
    """A hashtag as it is compared: folded, without leading ``#`` signs and outer blanks.

    >>> fold_tag(" #Harbour")
    'harbour'
    """
    folded = fold(tag)
    while (bare := folded.strip().lstrip("#")) != folded:
        folded = bare
    return folded
