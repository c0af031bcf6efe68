"""Text of unknown origin, and numbers, as they may stand on a page.

Escaping is the template's work. This is about what escaping leaves in: characters that turn the
direction of a line, that nobody sees, or that go on for pages.
"""

from __future__ import annotations

import math
import unicodedata
from typing import Final

from markupsafe import Markup, escape

__all__ = [
    "chance",
    "count",
    "fitting",
    "isolated",
    "number",
    "share",
    "shortened",
    "signed",
    "title",
    "visible",
    "width",
]

_JOINERS: Final = "\u200c\u200d"
# Letters and symbols by category, yet drawn as nothing or as an empty space.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180f"
)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Me"})
_MOST_MARKS: Final = 3
_NAMED: Final = {"\n": "\u240a", "\r": "\u240d", "\t": "\u2409", "\0": "\u2400"}
_NARROW: Final = frozenset("ijlftrI.,:;|!'()[]{}-/ ")
_BROAD: Final = frozenset("mwMW@%\u2026")
_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def visible(text: str, limit: int = 120) -> str:
    """Plain text in which every character can be seen, at most about ``limit`` long.

    Controls, characters of no width and those that change the direction of writing stand as
    their number, such as ``⟨U+202E⟩``. What is too long loses its middle.
    """
    if len(text) > 4 * limit:
        # Enough of both ends remains to fill the limit, however they come out.
        return _cut([*_pieces(text[:limit]), "…", *_pieces(text[-limit:])], limit)
    return _cut(_pieces(text), limit)


def isolated(text: str, limit: int = 120) -> Markup:
    """The same as HTML, in an element that keeps its direction of writing to itself."""
    return Markup("<bdi>{}</bdi>").format(visible(text, limit))


def title(text: str, limit: int = 120) -> Markup:
    """The same for an attribute or an SVG title, where no element can isolate it."""
    return escape(f"\u2068{visible(text, limit)}\u2069")


def shortened(account: str, limit: int = 18) -> str:
    """The last part of an account's URI, which a person recognises."""
    parts = [part for part in account.replace(":", "/").split("/") if part.strip()]
    return visible(parts[-1] if parts else account, limit) or "(no name)"


def fitting(text: str, most: float) -> str:
    """A line that is at most about ``most`` wide, in units of its font's size."""
    limit = len(text)
    while width(text) > most and limit > 1:
        limit -= 1
        text = visible(text, limit)
    return text


def width(text: str) -> float:
    """About how wide a line is, in units of its font's size; rather too wide than too narrow."""
    return sum(_width(character) for character in text)


def count(value: float | None) -> str:
    """A number of things: ``12,345``; one decimal if it is a fraction."""
    if value is None or not math.isfinite(value):
        return "not known"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def share(value: float | None) -> str:
    """A part of a whole as a percentage."""
    if value is None or not math.isfinite(value):
        return "not known"
    percent = 100 * value
    if 0 < percent < 1 or 99 < percent < 100:
        return "<0.1%" if percent < 0.1 else f"{math.floor(10 * percent) / 10:.1f}%"
    return f"{percent:.0f}%"


def number(value: float | None) -> str:
    """A score with three digits that count: ``0.0123``, ``4.56`` times ten to the power of -7."""
    if value is None or not math.isfinite(value):
        return "not known"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}"
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits} \N{MULTIPLICATION SIGN} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def signed(value: float | None) -> str:
    """Log-odds with a sign, ``+3.2``, and a true minus; ``0`` where nothing is said."""
    if value is None or not math.isfinite(value):
        return "not known"
    if round(value, 1) == 0:
        return "0"
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def chance(value: float | None) -> str:
    """A probability that never says that anything is certain."""
    if value is None or not math.isfinite(value):
        return "not known"
    if value < 0.01:
        return "<1%"
    return ">99%" if value > 0.99 else f"{value:.0%}"


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    marks = 0
    for place, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        joins = character in _JOINERS and place > 0 and not text[place - 1].isascii()
        unseen = character in _BLANK or (category in _UNSEEN and not joins)
        if character in _NAMED:
            pieces.append(_NAMED[character])
        elif unseen or marks > _MOST_MARKS:
            pieces.append(_code(character))
        else:
            pieces.append(character)
    return pieces


def _code(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def _cut(pieces: list[str], limit: int) -> str:
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    head = _fitting(pieces, (limit - 1) * 2 // 3)
    tail = _fitting(pieces[::-1], limit - 1 - sum(map(len, head)))
    return "".join([*head, "…", *reversed(tail)])


def _fitting(pieces: list[str], limit: int) -> list[str]:
    kept: list[str] = []
    for piece in pieces:
        limit -= len(piece)
        if limit < 0:
            break
        kept.append(piece)
    return kept


def _width(character: str) -> float:
    if character.isascii():
        if character in _NARROW:
            return 0.45
        return 1.0 if character in _BROAD else 0.8 if character.isupper() else 0.66
    if unicodedata.east_asian_width(character) in "WF":
        return 1.4
    # A few single characters are whole sentences; what they stand for tells, save for one.
    if character == "\ufdfd":
        return 12.0
    return 0.85 * len(unicodedata.normalize("NFKC", character))
