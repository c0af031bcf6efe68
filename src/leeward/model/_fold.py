"""Folding text once, so that no rule folds it again."""

from __future__ import annotations

import unicodedata

__all__ = ["fold", "fold_tag"]


def fold(text: str) -> str:
    """The compatibility caseless form of a text.

    Unicode 3.13, definition D146: NFKC(toCasefold(NFKC(toCasefold(NFD(X))))). For ASCII this
    is the lower case, which is why segments store no second copy of ASCII text.

    >>> fold("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}") == "i\N{COMBINING DOT ABOVE}"
    True
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def fold_tag(tag: str) -> str:
    """A hashtag as it is compared: folded, without leading ``#`` signs and outer blanks.

    >>> fold_tag(" #Harbour")
    'harbour'
    """
    folded = fold(tag)
    while (bare := folded.strip().lstrip("#")) != folded:
        folded = bare
    return folded
