"""Where a term counts: word boundaries and hashtags, judged on the source text."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from leeward.model import fold
from leeward.signals._alphabet import ALNUM, SKIPPED, alphabet

if TYPE_CHECKING:
    from leeward.signals._term import InTags

__all__ = ["END", "LONGEST_TAG", "PART_LETTERS", "START", "counts_here", "has_words"]

START: Final = 1
END: Final = 2

PART_LETTERS: Final = 5
"""How long a term has to be to count as a part of a run-together hashtag."""

LONGEST_TAG: Final = 200
"""How far from a match a hashtag is looked for: a text of one endless word costs no more."""

_HASHES: Final = frozenset("#\N{FULLWIDTH NUMBER SIGN}\N{SMALL NUMBER SIGN}")
# Scripts that write no blank between words.
_UNSPACED: Final = (
    "CJK ", "HIRAGANA ", "KATAKANA ", "HALFWIDTH KATAKANA ", "BOPOMOFO ", "THAI ", "LAO ",
    "KHMER ", "MYANMAR ", "TIBETAN ", "YI SYLLABLE", "JAVANESE ", "BALINESE ",
)  # fmt: skip


def has_words(char: str) -> bool:
    """Whether a boundary can be asked for beside this character of a term."""
    name = unicodedata.name(char, "")
    return _word(char) and not name.startswith(_UNSPACED)


def counts_here(text: str, start: int, end: int, edges: int, in_tags: InTags) -> bool:
    """Whether a term that stands at ``text[start:end]`` counts there.

    Args:
        text: The source text.
        start: Where the term begins, in code points.
        end: Where it ends.
        edges: ``START`` and ``END``, where a boundary is asked for.
        in_tags: What the entry says of hashtags.
    """
    tag = _tag_around(text, start, end)
    if tag is None:
        if in_tags == "only":
            return False
        left = not edges & START or not _touches(text, start - 1, -1)
        return left and (not edges & END or not _touches(text, end, 1))
    if tag == (start, end):
        return True
    if in_tags in ("whole", "only"):
        return False
    first, last = tag
    begins = start == first or _hump(text, start)
    ends = end == last or _hump(text, end)
    if in_tags == "parts" and end - start >= PART_LETTERS:
        return begins or ends
    return (begins or not edges & START) and (ends or not edges & END)


@lru_cache(4096)
def _word(char: str) -> bool:
    return int(alphabet().kind[ord(char)]) & 7 == ALNUM or any(c.isalnum() for c in fold(char))


@lru_cache(4096)
def _unseen(char: str) -> bool:
    return int(alphabet().kind[ord(char)]) & 7 == SKIPPED


def _touches(text: str, at: int, step: int) -> bool:
    """Whether the next character that is seen, from ``at`` on, belongs to a word."""
    while 0 <= at < len(text) and _unseen(text[at]):
        at += step
    return 0 <= at < len(text) and _word(text[at])


def _tag_around(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The hashtag, without its sign, that a match lies in."""
    first = start
    furthest = max(0, start - LONGEST_TAG)
    while first > furthest and _tagged(text[first - 1]):
        first -= 1
    if first == 0 or text[first - 1] not in _HASHES:
        return None
    if not all(_tagged(char) for char in text[start:end]):
        return None
    last = end
    furthest = min(len(text), end + LONGEST_TAG)
    while last < furthest and _tagged(text[last]):
        last += 1
    return first, last


def _tagged(char: str) -> bool:
    return char == "_" or _word(char) or _unseen(char)


def _hump(text: str, at: int) -> bool:
    """Whether a word of a hashtag may begin at ``at``."""
    before, here = text[at - 1], text[at]
    if before == "_" or here == "_" or before.isdigit() != here.isdigit():
        return True
    if here.isupper():
        return before.islower() or text[at + 1 : at + 2].islower()
    return False
