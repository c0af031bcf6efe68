"""Character n-grams of folded texts as numbers of a table, compiled.

A text is read as code points; a run of blanks counts as one, and one stands before and behind the
text. Each n-gram of 2 to 5 code points has a bucket of the table by its hash (feature hashing:
Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009), so that no
vocabulary need be kept or looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Places = npt.NDArray[np.int32]
    Octets = npt.NDArray[np.uint8]
    Singles = npt.NDArray[np.float32]
    Doubles = npt.NDArray[np.float64]
    Marks = npt.NDArray[np.uint64]

__all__ = [
    "BITS",
    "LONGEST",
    "MAX_CHARACTERS",
    "SHORTEST",
    "grams_of",
    "marks_of",
    "score_texts",
    "shares_of",
]

SHORTEST: Final = 2
LONGEST: Final = 5
BITS: Final = 20
"""The table has 2^20 buckets: at a few hundred thousand n-grams few share one."""
MAX_CHARACTERS: Final = 2_000
"""What is read of a text: a longer one says what it is about before."""

_SEED: Final = np.uint64(0xCBF29CE484222325)
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)


@kernel
def _points(octets: Octets, start: int, end: int, points: Places, places: Places) -> int:
    """The code points of a text, blanks put together, and where each stands in the text.

    The first and the last are blanks that stand nowhere (-1). Returns how many there are.
    """
    points[0] = 0x20
    places[0] = -1
    count = 1
    i = start
    place = 0
    while i < end and count <= MAX_CHARACTERS:
        lead = octets[i]
        if lead < 0x80:
            point, size = np.int32(lead), 1
        elif lead < 0xE0:
            point, size = np.int32(lead & 0x1F), 2
        elif lead < 0xF0:
            point, size = np.int32(lead & 0x0F), 3
        else:
            point, size = np.int32(lead & 0x07), 4
        for j in range(1, size):
            point = np.int32(point << 6 | np.int32(octets[i + j] & 0x3F))
        i += size
        if point <= 0x20 or point == 0xA0 or point == 0x3000:
            point = np.int32(0x20)
        if point != 0x20 or points[count - 1] != 0x20:
            points[count] = point
            places[count] = place
            count += 1
        place += 1
    if points[count - 1] != 0x20:
        points[count] = 0x20
        places[count] = -1
        count += 1
    return count


@kernel
def _buckets(points: Places, count: int, buckets: Places) -> int:
    """The bucket of each n-gram, in the order of where they begin; how many there are."""
    found = 0
    for i in range(count):
        state = _SEED
        for n in range(1, LONGEST + 1):
            if i + n > count:
                break
            state = (state ^ np.uint64(points[i + n - 1])) * _STEP
            state ^= state >> np.uint64(29)
            if n >= SHORTEST:
                buckets[found] = np.int32((state * _MIX) >> np.uint64(64 - BITS))
                found += 1
    return found


@kernel
def grams_of(starts: Places, octets: Octets) -> tuple[Ints, Places, Doubles]:
    """The n-grams of texts as rows of a sparse matrix.

    Args:
        starts: int32[n + 1], where each text begins in ``octets``.
        octets: The folded texts as UTF-8, one behind the other.

    Returns:
        Where each row begins, the buckets of its n-grams in rising order, each once, and for each
        1 + log of how often it occurs.
    """
    points = np.empty(MAX_CHARACTERS + 2, np.int32)
    places = np.empty(MAX_CHARACTERS + 2, np.int32)
    buckets = np.empty((LONGEST - SHORTEST + 1) * (MAX_CHARACTERS + 2), np.int32)
    rows = len(starts) - 1
    begin = np.zeros(rows + 1, np.int64)
    size = 1_024
    columns = np.empty(size, np.int32)
    values = np.empty(size, np.float64)
    filled = 0
    for row in range(rows):
        count = _points(octets, starts[row], starts[row + 1], points, places)
        found = np.sort(buckets[: _buckets(points, count, buckets)])
        if filled + len(found) > size:
            size = 2 * (filled + len(found))
            more_columns, more_values = np.empty(size, np.int32), np.empty(size, np.float64)
            more_columns[:filled] = columns[:filled]
            more_values[:filled] = values[:filled]
            columns, values = more_columns, more_values
        i = 0
        while i < len(found):
            j = i
            while j < len(found) and found[j] == found[i]:
                j += 1
            columns[filled] = found[i]
            values[filled] = 1 + np.log(j - i)
            filled += 1
            i = j
        begin[row + 1] = filled
    return begin, columns[:filled].copy(), values[:filled].copy()


@kernel
def score_texts(
    starts: Places, octets: Octets, table: Singles, bias: float, scripts: Octets
) -> tuple[Doubles, Ints]:
    """What a linear model says of texts.

    Args:
        starts: int32[n + 1], where each text begins in ``octets``.
        octets: The folded texts as UTF-8.
        table: float32[2^BITS, 2], a bucket's inverse document frequency (0: not in the examples)
            and its weight.
        bias: Added to each score.
        scripts: uint8 by code point: 0 no letter, 1 a letter of a known script, 2 of another.

    Returns:
        The scores, and int64[n, 2]: letters of known scripts and of others.
    """
    points = np.empty(MAX_CHARACTERS + 2, np.int32)
    places = np.empty(MAX_CHARACTERS + 2, np.int32)
    buckets = np.empty((LONGEST - SHORTEST + 1) * (MAX_CHARACTERS + 2), np.int32)
    rows = len(starts) - 1
    scores = np.empty(rows, np.float64)
    letters = np.zeros((rows, 2), np.int64)
    for row in range(rows):
        count = _points(octets, starts[row], starts[row + 1], points, places)
        for i in range(count):
            kind = scripts[min(points[i], len(scripts) - 1)]
            if kind > 0:
                letters[row, kind - 1] += 1
        found = np.sort(buckets[: _buckets(points, count, buckets)])
        sum_, norm = 0.0, 0.0
        i = 0
        while i < len(found):
            j = i
            while j < len(found) and found[j] == found[i]:
                j += 1
            rarity = np.float64(table[found[i], 0])
            if rarity > 0:
                value = rarity if j - i == 1 else rarity * (1 + np.log(j - i))
                norm += value * value
                sum_ += value * np.float64(table[found[i], 1])
            i = j
        scores[row] = bias + (sum_ / np.sqrt(norm) if norm > 0 else 0.0)
    return scores, letters


@kernel
def shares_of(octets: Octets, table: Singles) -> tuple[Places, Doubles]:
    """Which characters of a text carry its score.

    An n-gram's weight is shared out evenly among its characters.

    Returns:
        The place of each character read, in code points (-1 for the blanks around the text), and
        its share; the shares are in proportion to the score without its bias.
    """
    points = np.empty(MAX_CHARACTERS + 2, np.int32)
    places = np.empty(MAX_CHARACTERS + 2, np.int32)
    buckets = np.empty((LONGEST - SHORTEST + 1) * (MAX_CHARACTERS + 2), np.int32)
    count = _points(octets, 0, len(octets), points, places)
    _buckets(points, count, buckets)
    shares = np.zeros(count, np.float64)
    at = 0
    for i in range(count):
        for n in range(SHORTEST, min(LONGEST, count - i) + 1):
            part = np.float64(table[buckets[at], 0]) * np.float64(table[buckets[at], 1]) / n
            at += 1
            for j in range(i, i + n):
                shares[j] += part
    return places[:count].copy(), shares


@kernel
def marks_of(starts: Places, octets: Octets) -> Marks:
    """A number for each text, the same for texts that differ in blanks only; never 0."""
    points = np.empty(MAX_CHARACTERS + 2, np.int32)
    places = np.empty(MAX_CHARACTERS + 2, np.int32)
    marks = np.empty(len(starts) - 1, np.uint64)
    for row in range(len(starts) - 1):
        count = _points(octets, starts[row], starts[row + 1], points, places)
        state = _SEED
        for i in range(count):
            state = (state ^ np.uint64(points[i])) * _STEP
            state ^= state >> np.uint64(29)
        marks[row] = max(state * _MIX, np.uint64(1))
    return marks
