"""Which scripts and languages a model has examples of."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Octets = npt.NDArray[np.uint8]

__all__ = ["known_scripts", "language_of", "script_table", "scripts_of"]

_LAST: Final = 0x20000  # all letters behind it are Han
_HAN: Final = "CJK"
_NO_LANGUAGE: Final = frozenset(("", "und", "mul", "zxx", "mis"))


def language_of(tag: str | None) -> str | None:
    """The language of a tag, without region and script; none where the tag names none.

    >>> language_of("pt-BR")
    'pt'
    """
    language = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    return None if language in _NO_LANGUAGE else language


def scripts_of(text: str) -> dict[str, int]:
    """How many letters a text has of each script."""
    found: dict[str, int] = {}
    for letter in filter(str.isalpha, text):
        name = _script(letter)
        found[name] = found.get(name, 0) + 1
    return found


def known_scripts(texts: Iterable[str]) -> dict[str, int]:
    """How many texts are written in each script: most of their letters are of it."""
    found: dict[str, int] = {}
    for text in texts:
        letters = scripts_of(text)
        if letters:
            name = max(letters, key=lambda name: (letters[name], name))
            found[name] = found.get(name, 0) + 1
    return found


def script_table(known: Iterable[str]) -> Octets:
    """What each code point is: 0 no letter, 1 a letter of a known script, 2 of another one.

    The last entry stands for all code points behind it.
    """
    names, of = _scripts()
    wanted = set(known)
    kinds = np.array([0, *(1 if name in wanted else 2 for name in names)], np.uint8)
    return kinds[of]


@cache
def _scripts() -> tuple[tuple[str, ...], npt.NDArray[np.uint16]]:
    """The names of the scripts, and of each code point the number of its script from 1 on."""
    numbers: dict[str, int] = {}
    of = np.zeros(_LAST + 1, np.uint16)
    for point in range(_LAST + 1):
        letter = chr(point)
        if letter.isalpha():
            of[point] = numbers.setdefault(_script(letter), len(numbers) + 1)
    return tuple(numbers), of


def _script(letter: str) -> str:
    """The script of a letter: the first word of its name, which Unicode never changes."""
    if ord(letter) >= _LAST:
        return _HAN
    return unicodedata.name(letter, "?").partition(" ")[0].partition("-")[0]
