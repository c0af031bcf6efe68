"""Ways to disguise a word, from Unicode's names and decompositions and from common habit.

Nothing here is taken from the tables of the code under test: characters are found by their names
and by what they decompose to, look-alikes by a list of names that people made for this file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

__all__ = ["GUESSING", "PLAIN"]

_ALIKE: Final = {
    "a": ("CYRILLIC SMALL LETTER A", "GREEK SMALL LETTER ALPHA", "LATIN SMALL LETTER ALPHA"),
    "b": ("CYRILLIC SMALL LETTER VE", "CYRILLIC CAPITAL LETTER VE", "GREEK CAPITAL LETTER BETA"),
    "c": ("CYRILLIC SMALL LETTER ES", "GREEK LUNATE SIGMA SYMBOL"),
    "d": ("CYRILLIC SMALL LETTER KOMI DE",),
    "e": ("CYRILLIC SMALL LETTER IE", "GREEK CAPITAL LETTER EPSILON"),
    "h": ("CYRILLIC SMALL LETTER SHHA", "CYRILLIC SMALL LETTER EN", "GREEK CAPITAL LETTER ETA"),
    "i": ("CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I", "GREEK SMALL LETTER IOTA"),
    "j": ("CYRILLIC SMALL LETTER JE",),
    "k": ("CYRILLIC SMALL LETTER KA", "GREEK SMALL LETTER KAPPA"),
    "m": ("CYRILLIC SMALL LETTER EM", "GREEK CAPITAL LETTER MU"),
    "n": ("GREEK SMALL LETTER ETA", "GREEK CAPITAL LETTER NU"),
    "o": ("CYRILLIC SMALL LETTER O", "GREEK SMALL LETTER OMICRON", "ARMENIAN SMALL LETTER OH"),
    "p": ("CYRILLIC SMALL LETTER ER", "GREEK SMALL LETTER RHO"),
    "q": ("CYRILLIC SMALL LETTER QA",),
    "r": ("CYRILLIC SMALL LETTER GHE",),
    "s": ("CYRILLIC SMALL LETTER DZE",),
    "t": ("CYRILLIC SMALL LETTER TE", "GREEK SMALL LETTER TAU"),
    "u": ("GREEK SMALL LETTER UPSILON", "ARMENIAN SMALL LETTER SEH"),
    "v": ("GREEK SMALL LETTER NU", "CYRILLIC SMALL LETTER IZHITSA"),
    "w": ("CYRILLIC SMALL LETTER WE",),
    "x": ("CYRILLIC SMALL LETTER HA", "GREEK SMALL LETTER CHI"),
    "y": ("CYRILLIC SMALL LETTER U", "GREEK SMALL LETTER GAMMA"),
    "z": ("GREEK CAPITAL LETTER ZETA",),
}
_DIGITS: Final = {"a": "4", "b": "8", "e": "3", "g": "9", "i": "1", "l": "1", "o": "0", "s": "5",
                  "t": "7", "z": "2"}  # fmt: skip
_SIGNS: Final = {"a": "@", "c": "(", "i": "!", "l": "|", "s": "$", "t": "+"}


@cache
def _named(prefix: str, suffix: str = "") -> dict[str, str]:
    """Letters by what stands around them in the characters' names."""
    found = {}
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        try:
            found[letter.lower()] = unicodedata.lookup(prefix + letter + suffix)
        except KeyError:
            continue
    return found


@cache
def _forms(words: str) -> dict[str, list[str]]:
    """Characters whose compatibility decomposition is a letter, with these words in the name."""
    found = defaultdict(list)
    for point in range(0x80, 0x20000):
        base = unicodedata.normalize("NFKD", chr(point))
        named = words in unicodedata.name(chr(point), "")
        if named and len(base) == 1 and base.isascii() and base.isalpha():
            found[base.lower()].append(chr(point))
    return dict(found)


@cache
def _accented() -> dict[str, list[str]]:
    found = defaultdict(list)
    for point in range(0x80, 0x2000):
        base = unicodedata.normalize("NFD", chr(point))
        if len(base) > 1 and base[0].isascii() and base[0].isalpha():
            found[base[0].lower()].append(chr(point))
    return dict(found)


def _each(
    table: Callable[[], dict[str, list[str]] | dict[str, str]],
) -> Callable[[str, random.Random], str]:
    """Every letter that the table has, replaced."""

    def attack(word: str, rng: random.Random) -> str:
        known = table()
        return "".join(rng.choice(known[c]) if c in known else c for c in word)

    return attack


def _some(table: dict[str, str], most: float = 0.5) -> Callable[[str, random.Random], str]:
    """One letter or more within the word, at most a part of it, replaced."""

    def attack(word: str, rng: random.Random) -> str:
        places = [k for k, c in enumerate(word) if c in table and 0 < k < len(word) - 1]
        count = min(len(places), rng.randint(1, max(1, int(len(word) * most))))
        chosen = set(rng.sample(places, count))
        return "".join(table[c] if k in chosen else c for k, c in enumerate(word))

    return attack


def _between(*signs: str) -> Callable[[str, random.Random], str]:
    return lambda word, rng: rng.choice(signs).join(word)


def _marked(*marks: str) -> Callable[[str, random.Random], str]:
    return lambda word, rng: "".join(c + rng.choice(marks) for c in word)


def _inserted(*signs: str) -> Callable[[str, random.Random], str]:
    def attack(word: str, rng: random.Random) -> str:
        at = rng.randrange(1, len(word))
        return word[:at] + rng.choice(signs) + word[at:]

    return attack


def _repeated(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at] * rng.randint(3, 7) + word[at + 1 :]


def _doubled(word: str, rng: random.Random) -> str:
    return "".join(c * 2 for c in word)


def _cased(word: str, rng: random.Random) -> str:
    return "".join(rng.choice((c.upper(), c.lower())) for c in word).replace("I", "i")


def _alike() -> dict[str, list[str]]:
    return {c: [unicodedata.lookup(name) for name in names] for c, names in _ALIKE.items()}


def _both(
    first: Callable[[str, random.Random], str], second: Callable[[str, random.Random], str]
) -> Callable[[str, random.Random], str]:
    return lambda word, rng: second(first(word, rng), rng)


_SEEN_MARKS: Final = ("\u0300", "\u0301", "\u0308", "\u0323", "\u0327", "\u030a")
_ZALGO: Final = tuple(chr(p) for p in range(0x0300, 0x036F) if unicodedata.combining(chr(p)))
_ZERO: Final = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u034f")
_BIDI: Final = ("\u200e", "\u200f", "\u202a", "\u202c", "\u2066", "\u2069", "\u061c")
_PICTURES: Final = ("\N{WATER WAVE}", "\N{SAILBOAT}", "\N{TULIP}", "\N{ANCHOR}\ufe0f")


@cache
def _named_after() -> dict[str, list[str]]:
    """All characters whose name ends in LETTER and the letter, or has WITH behind it.

    Combining ones, which stand above another letter, are marks.
    """
    name = re.compile(r"(?:SMALL|CAPITAL) LETTER ([A-Z])(?: WITH [A-Z ]+)?")
    found = defaultdict(list)
    for point in range(0x80, 0x20000):
        whole = unicodedata.name(chr(point), "")
        if "LATIN" not in whole or "COMBINING" in whole:
            continue
        if (match := name.search(whole)) and match.end() == len(whole):
            found[match[1].lower()].append(chr(point))
    return dict(found)


def _leet(word: str) -> str:
    """As many digits as there can be, but for two letters that stay."""
    left = sum(c not in _DIGITS for c in word)
    found = []
    for c in word:
        stays = c not in _DIGITS or left < 2
        left += 1 if c in _DIGITS and left < 2 else 0
        found.append(c if stays else _DIGITS[c])
    return "".join(found)


def _one(word: str, rng: random.Random) -> str:
    known = _alike()
    at = rng.choice([k for k, c in enumerate(word) if c in known])
    return word[:at] + rng.choice(known[word[at]]) + word[at + 1 :]


PLAIN: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "capital and small letters": _cased,
    "full-width letters": _each(lambda: _named("FULLWIDTH LATIN SMALL LETTER ")),
    "mathematical alphabets": _each(lambda: _forms("MATHEMATICAL")),
    "letters in circles, squares, brackets": _each(
        lambda: {**_named("CIRCLED LATIN SMALL LETTER ")}
    ),
    "letters in brackets of one character": _each(
        lambda: _named("PARENTHESIZED LATIN SMALL LETTER ")
    ),
    "any character that is named after the letter": _each(_named_after),
    "turned letters": _each(lambda: _named("LATIN SMALL LETTER TURNED ")),
    "white letters on black": _each(lambda: _named("NEGATIVE SQUARED LATIN CAPITAL LETTER ")),
    "regional indicators": _each(lambda: _named("REGIONAL INDICATOR SYMBOL LETTER ")),
    "small capitals": _each(lambda: _named("LATIN LETTER SMALL CAPITAL ")),
    "raised letters": _each(lambda: _named("MODIFIER LETTER SMALL ")),
    "strokes, hooks and tails": _each(
        lambda: {
            **_named("LATIN SMALL LETTER ", " WITH HOOK"),
            **_named("LATIN SMALL LETTER ", " WITH STROKE"),
        }
    ),
    "accented letters": _each(_accented),
    "accents added": _marked(*_SEEN_MARKS),
    "heaps of marks": _both(_marked(*_ZALGO), _marked("\u0336", "\u0334")),
    "struck out or underlined": _marked("\u0336", "\u0332", "\u0335"),
    "look-alikes of other scripts, all letters": _each(_alike),
    "look-alikes of other scripts, one letter": _one,
    "digits for letters": _some(_DIGITS),
    "digits for letters, wherever one can stand": lambda word, _: _leet(word),
    "signs for letters": _some(_SIGNS),
    "a capital I for l": lambda word, rng: word[:1] + word[1:].replace("l", "I"),
    "invisible characters": _inserted(*_ZERO),
    "invisible characters throughout": _between(*_ZERO),
    "marks of direction": _inserted(*_BIDI),
    "blanks between all letters": _between(" ", "  ", "\u2003", "\u00a0"),
    "signs between all letters": _between(".", "-", "_", "*", "~", "/", ",", "·", " . ", " - "),
    "a different sign after each letter": lambda word, rng: "".join(
        c + rng.choice(".-_*~") for c in word
    ),
    "each letter in square brackets": lambda word, rng: "".join(f"[{c}]" for c in word),
    "emoji between all letters": _between(*_PICTURES),
    "one letter repeated": _repeated,
    "every letter doubled": _doubled,
    "keycaps": _both(
        _some(_DIGITS),
        lambda word, rng: "".join(c + "\ufe0f\u20e3" if c.isdigit() else c for c in word),
    ),
    "look-alikes and invisible characters": _both(_each(_alike), _between(*_ZERO)),
    "digits, with blanks between": _both(_some(_DIGITS, 0.25), _between(" ")),
    "accents, with signs between": _both(_each(_accented), _between(".", "-")),
    "in a hashtag of capitalised words": lambda word, rng: (
        "#" + rng.choice(("Quiet", "Sunny")) + word.capitalize() + rng.choice(("Days", "2031"))
    ),
}
"""What can be undone without guessing what was meant."""


def _swapped(word: str, rng: random.Random) -> str:
    at = rng.choice([k for k in range(len(word) - 1) if word[k] != word[k + 1]])
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


GUESSING: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "a letter left out": lambda word, rng: word[: len(word) // 2] + word[len(word) // 2 + 1 :],
    "a letter masked": lambda word, rng: word[:2] + "*" + word[3:],
    "two letters swapped": _swapped,
    "one letter doubled": lambda word, rng: word[:2] + word[1] + word[2:],
    "one blank within": lambda word, rng: word[:3] + " " + word[3:],
    "one sign within": lambda word, rng: word[:3] + "." + word[3:],
    "only the last letter a digit": lambda word, rng: word[:-1] + _DIGITS.get(word[-1], word[-1]),
    "backwards": lambda word, rng: word[::-1],
    "syllables swapped": lambda word, rng: word[2:] + word[:2],
    "with an ending": lambda word, rng: word + rng.choice(("s", "ing", "er")),
    "run together in a hashtag": lambda word, rng: "#" + word + "days",
    "letters that sound alike": lambda word, rng: word.replace("f", "ph").replace("k", "q"),
    "drawn from several letters": lambda word, rng: word.replace("m", "rn").replace("w", "vv"),
}
"""What needs a guess, and is mostly missed."""
