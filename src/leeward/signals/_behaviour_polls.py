"""Polls whose options are numbers such as ages: found by digits in any script, not by words."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AGE_SPAN", "age_like"]

AGE_SPAN: Final = (5, 25)
"""The numbers that count, both ends included."""

_NUMBERS: Final = re.compile(r"\d+")
_LONGEST: Final = 24


def age_like(options: Sequence[str]) -> bool:
    """Whether at least two options, and at least half of all, are numbers or ranges of a span.

    Such an option is short and holds one or two numbers, each within :data:`AGE_SPAN`, as
    ``14``, ``13-15``, ``12 or 13`` and ``16+`` do. Other numbers of that size look the same.

    >>> age_like(["under 12", "12-14", "15+"])
    True
    >>> age_like(["1900", "1950", "2000"])
    False
    """
    numeric = sum(map(_numeric, options))
    return numeric >= 2 and 2 * numeric >= len(options)


def _numeric(option: str) -> bool:
    if len(option) > _LONGEST:
        return False
    numbers = _NUMBERS.findall(option)
    if not 1 <= len(numbers) <= 2:
        return False
    low, high = AGE_SPAN
    return all(low <= _value(number) <= high for number in numbers)


def _value(digits: str) -> int:
    value = 0
    for digit in digits:
        value = 10 * value + unicodedata.decimal(digit)
    return value
