# ruff: noqa: RUF001 - look-alikes are what these tables are about
"""What each character stands for once its disguise is taken off: the tables of the deep view.

A character becomes units: base letters, small, without marks. The tables come from Unicode's own
data (compatibility decompositions, names, categories), from the confusables of UTS #39 as the
package ``confusable-homoglyphs`` carries them, and from a short list of digits and signs.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "ALNUM",
    "BLANK",
    "CAPITAL",
    "SIGN",
    "SKIPPED",
    "SMALL",
    "SYMBOL",
    "Alphabet",
    "alphabet",
]

# What a character is, in the low bits of its kind ...
SKIPPED: Final = 0
ALNUM: Final = 1
SIGN: Final = 2  # stands for a letter without being one: @ and the like
SYMBOL: Final = 3  # separates, but is no blank
BLANK: Final = 4
# ... and its case, above them.
SMALL: Final = 8
CAPITAL: Final = 16

# What a unit may stand for. In the class of l, i is the other letter.
LETTER: Final = 1
OTHER: Final = 2
ITSELF: Final = 4  # the digit or sign that was written

_LEET: Final = {
    "0": "o", "2": "z", "3": "e", "4": "a", "5": "s", "6": "b", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "+": "t", "(": "c", "<": "c", "€": "e", "£": "l", "¢": "c", "¥": "y",
    "§": "s", "×": "x",
}  # fmt: skip
_EITHER: Final = frozenset("1!|¡")
# What neither UTS #39 nor a decomposition relates, though people write it.
_MORE: Final = {
    "т": "t", "м": "m", "к": "k", "в": "b", "н": "h", "з": "e", "п": "n", "ε": "e", "ω": "w",
    "β": "b", "η": "n", "æ": "ae", "œ": "oe", "ı": "i", "ə": "e",
    "ɛ": "e", "ʀ": "r", "ɐ": "a", "ɔ": "o", "ɾ": "r", "ſ": "s", "þ": "p", "ð": "d", "ŋ": "n",
}  # fmt: skip
_NAMED: Final = re.compile(
    r"(?:LATIN (?:SMALL CAPITAL |SMALL |CAPITAL )?LETTER "
    r"(?:SMALL CAPITAL |TURNED |REVERSED |OPEN |BARRED )?"
    r"|REGIONAL INDICATOR SYMBOL LETTER "
    r"|(?:NEGATIVE|CROSSED NEGATIVE) (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER "
    r"|(?:NEGATIVE|DINGBAT NEGATIVE|DINGBAT CIRCLED SANS-SERIF|DINGBAT NEGATIVE CIRCLED SANS-SERIF)"
    r" (?:CIRCLED )?DIGIT )([A-Z]|ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE)(?: WITH .+)?\Z"
)
_NUMBERS: Final = {unicodedata.name(digit).removeprefix("DIGIT "): digit for digit in "0123456789"}
# Fillers and selectors that Unicode does not count among the format characters, and skin tones.
_UNSEEN: Final = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x180B, 0x180C, 0x180D, 0x180F),
        *(*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F3FB, 0x1F400)),
    )
)
_MARKS: Final = re.compile(
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_ITSELF: Final = ("CJK UNIFIED", "TANGUT", "NUSHU", "KHITAN", "HANGUL SYLLABLE")
_BASES: Final = ("Lu", "Ll", "Lt", "Lo", "Nd", "Mc", "Mn")
_WORDS: Final = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mc", "Mn")


@dataclass(frozen=True, slots=True, repr=False)
class Alphabet:
    """The tables, indexed by code point; units lie in a pool of their own.

    Attributes:
        kind: uint8: what the character is, with its case.
        first: int32: where its units begin.
        count: uint8: how many it has.
        units: int32: the units' code points.
        masks: uint8: what each unit may stand for.
    """

    kind: npt.NDArray[np.uint8]
    first: npt.NDArray[np.int32]
    count: npt.NDArray[np.uint8]
    units: npt.NDArray[np.int32]
    masks: npt.NDArray[np.uint8]

    def with_symbols(self, symbols: frozenset[str]) -> Alphabet:
        """The same, with these symbols as letters that stand for themselves."""
        if not symbols:
            return self
        kind, first, count = self.kind.copy(), self.first.copy(), self.count.copy()
        points = np.array(sorted(map(ord, symbols)), np.int32)
        kind[points], count[points] = SIGN, 1
        first[points] = len(self.units) + np.arange(len(points))
        units = np.concatenate([self.units, points])
        masks = np.concatenate([self.masks, np.full(len(points), LETTER, np.uint8)])
        return Alphabet(kind, first, count, units, masks)


@cache
def alphabet() -> Alphabet:
    """The tables, made once in a process (about half a second)."""
    size = sys.maxunicode + 1
    kind = np.full(size, SYMBOL, np.uint8)
    first, count = np.zeros(size, np.int32), np.zeros(size, np.uint8)
    units: list[int] = []
    masks: list[int] = []
    for point in range(size):
        char = chr(point)
        category = unicodedata.category(char)
        if category in ("Cn", "Co", "Cs"):
            continue
        kind[point] = _kind(char, category)
        if kind[point] in (SKIPPED, BLANK):
            continue
        found = _units(char, category)
        # The kernel reserves two units for each octet of UTF-8.
        if not found or len(found) > 2 * len(char.encode()):
            kind[point] = SYMBOL
            continue
        first[point], count[point] = len(units), len(found)
        if not char.isalnum() and category not in _WORDS:
            kind[point] = SIGN
        units += [unit for unit, _ in found]
        masks += [mask for _, mask in found]
    return Alphabet(kind, first, count, np.array(units, np.int32), np.array(masks, np.uint8))


def _kind(char: str, category: str) -> int:
    point = ord(char)
    if char.isspace() or category in ("Zs", "Zl", "Zp") or point == 0x2800:
        return BLANK
    if category in ("Cf", "Cc") or point in _UNSEEN or _MARKS.match(char):
        return SKIPPED
    case = SMALL if category == "Ll" else CAPITAL if category == "Lu" else 0
    return (ALNUM if category in _WORDS else SYMBOL) | case


def _units(char: str, category: str) -> list[tuple[int, int]]:
    name = unicodedata.name(char, "")
    if name.startswith(_ITSELF):
        plain = unicodedata.normalize("NFKD", char)
        return [(ord(unit), LETTER) for unit in plain]
    found: list[tuple[int, int]] = []
    parts = _MARKS.sub("", unicodedata.normalize("NFKD", char))
    if len(parts) > 1:  # brackets, full stops and raised signs go
        parts = "".join(part for part in parts if unicodedata.category(part) in _BASES)
    for part in parts:
        for letter in _letters(part):
            found += _unit(letter)
    if category in _WORDS or name.startswith("REGIONAL") or any(unit < 128 for unit, _ in found):
        return found
    return []


def _letters(char: str) -> str:
    """The base letters of a character without compatibility forms and marks."""
    if char.isascii():
        return char.lower()
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", char.casefold()))
    if folded.isascii():
        return folded
    named = _NAMED.match(unicodedata.name(char, ""))
    if named:
        return _NUMBERS.get(named[1], named[1].lower())
    for form in (char, char.lower(), char.upper()):
        if form in _MORE:
            return _MORE[form]
        if form in _confusables():
            return _confusables()[form]
    return folded


def _unit(letter: str) -> list[tuple[int, int]]:
    if letter in _EITHER:
        return [(ord("l"), LETTER | OTHER | ITSELF)]
    if letter in _LEET:
        return [(ord(_LEET[letter]), LETTER | ITSELF)]
    if letter == "i":
        return [(ord("l"), OTHER)]
    category = unicodedata.category(letter)
    return [(ord(letter), LETTER)] if category in _WORDS else []


@cache
def _confusables() -> dict[str, str]:
    """The small Latin letter that a character is confused with, by UTS #39."""
    from confusable_homoglyphs.confusables import confusables_data

    found: dict[str, str] = {}
    for char, alike in confusables_data.items():
        if len(char) != 1 or char.isascii():
            continue
        ascii_alike = sorted(
            one["c"].lower() for one in alike if re.fullmatch("[A-Za-z]", one["c"])
        )
        named = [
            _NAMED.match(unicodedata.name(one["c"], "")) for one in alike if len(one["c"]) == 1
        ]
        if ascii_alike:
            found[char] = ascii_alike[0]
        elif any(named):
            found[char] = next(one[1].lower() for one in named if one)
    return {char: letter for char, letter in found.items() if len(letter) == 1}
