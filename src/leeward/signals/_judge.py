"""Judging a match in the deep view: is it the term, in a disguise that people wear? Compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.signals._deep import IN_TAG, MIXED, OF_SIGN

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.signals._deep import View

    Bytes = npt.NDArray[np.uint8]

__all__ = ["Terms", "judge_matches"]

_ITSELF: Final = 4  # as in the alphabet: a unit that may be the digit or sign that was written
_LONG: Final = 6


class Terms(NamedTuple):
    """Terms in the deep view, one after the other: their units as in :class:`View`.

    Attributes:
        first: int64, n + 1: where a term's units begin.
        run, masks, ends, gap: Of the units.
    """

    first: npt.NDArray[np.int64]
    run: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.uint8]
    gap: npt.NDArray[np.uint8]


@kernel
def _alone(at: int, low: int, high: int, gap: Bytes, marks: Bytes) -> bool:
    """Whether a unit is a token of one letter."""
    left = at == low or gap[at] > 0 or marks[at - 1] & OF_SIGN > 0
    right = at + 1 == high or gap[at + 1] > 0 or marks[at + 1] & OF_SIGN > 0
    return bool(left and right)


@kernel
def judge_matches(
    matches: npt.NDArray[np.int64],
    view: View,
    row_of: npt.NDArray[np.int32],
    terms: Terms,
    edges: Bytes,
) -> npt.NDArray[np.bool_]:
    """Which matches in the deep view are the term in disguise.

    Every letter may stand for the term's letter, and is repeated at least as often; a blank
    within a word stands between single letters only; two letters at least are not digits or signs
    put for letters. An edge that needs a boundary has one, or lies in a hashtag, which is judged
    later.

    Args:
        matches: int64, n x 3: term, first and last octet + 1 (as the search gives them).
        view: The texts.
        row_of: int32: the row of a unit.
        terms: The terms.
        edges: uint8: bit 0, a term needs a boundary at its start; bit 1, at its end.
    """
    kept = np.zeros(len(matches), np.bool_)
    for i in range(len(matches)):
        term = matches[i, 0]
        begin = view.unit_at[matches[i, 1]]
        done = view.unit_at[matches[i, 2] - 1] + 1
        row = row_of[begin]
        low, high = view.rows[row], view.rows[row + 1]
        if not view.whole[begin] & 1 or not view.whole[done - 1] & 2:
            continue
        edge = edges[term]
        tagged = view.marks[begin] & IN_TAG
        if not tagged:
            inside = begin > low and view.gap[begin] == 0 and not view.marks[begin - 1] & OF_SIGN
            if edge & 1 and inside:
                continue
            if edge & 2 and done < high and view.gap[done] == 0 and not view.marks[done] & OF_SIGN:
                continue
        kept[i] = _same(begin, done, low, high, view, terms, terms.first[term])
    return kept


@kernel
def _same(begin: int, done: int, low: int, high: int, view: View, terms: Terms, at: int) -> bool:
    """Whether each letter can be the term's, and the disguise is one that people wear."""
    guessed = 0  # digits and signs put for letters
    at_edge = False
    doubled = 0
    repeated = False
    for k in range(begin, done):
        need = terms.masks[at + k - begin]
        want = terms.run[at + k - begin]
        ends = view.ends[k] & terms.ends[at + k - begin]
        if view.run[k] < want or view.masks[k] & need != need or not (ends & 7 and ends >> 3):
            return False
        doubled += 1 if view.run[k] > want else 0
        repeated = repeated or view.run[k] > max(want, 2)
        guess = True
        for mask in range(1, 8):
            if view.seen[k] >> (mask - 1) & 1:
                if not mask & need:
                    return False
                guess = guess and mask & _ITSELF > 0 and not need & _ITSELF
        guessed += 1 if guess else 0
        at_edge = at_edge or (guess and (k == begin or k == done - 1))
    size = done - begin
    if size - guessed < min(2, size):
        return False
    # Ordinary words have a double letter; a number often follows a word.
    if doubled and not repeated and 2 * doubled < size:
        return False
    if guessed == 1 and at_edge and not _begins_guessed(begin, view, terms.masks[at]):
        return False
    return _gaps_fit(begin, done, low, high, view, terms, at, guessed, at_edge)


@kernel
def _begins_guessed(begin: int, view: View, need: int) -> bool:
    return bool(view.masks[begin] & _ITSELF > 0 and not need & _ITSELF)


@kernel
def _gaps_fit(
    begin: int, done: int, low: int, high: int,
    view: View, terms: Terms, at: int, guessed: int, at_edge: bool,
) -> bool:  # fmt: skip
    """Whether the gaps within words are those of a disguise, and not of prose, code or lists."""
    gaps = 0
    alone = True
    blank = False
    mixed = False
    symbol = 0
    for k in range(begin, done):
        here = _alone(k, low, high, view.gap, view.marks)
        alone = alone and here
        if k == begin or view.gap[k] == 0 or terms.gap[at + k - begin] > 0:
            continue
        if view.gap[k] == 2 and not (here and _alone(k - 1, low, high, view.gap, view.marks)):
            return False
        gaps += 1
        blank |= bool(view.gap[k] == 2)
        sign = int(view.between[k])
        mixed |= sign == MIXED or (sign > 0 and symbol > 0 and sign != symbol)
        symbol = max(symbol, sign)
    if gaps == 0:
        return True
    if at_edge:  # a list of letters and numbers
        return False
    if mixed and (blank or not alone or guessed > 0 or done - begin < _LONG - 1):
        return False
    return alone or (guessed == 0 and (gaps > 1 or done - begin >= _LONG))
