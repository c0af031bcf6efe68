"""From which score on so many are right, as far as labels can say; or how many it would take.

At a few cuts that were fixed before any label was looked at, the share of the right ones among the
held-out labels at and above the cut gets a lower bound (Clopper and Pearson, "The use of confidence
or fiducial limits illustrated in the case of the binomial", 1934). The chance of a wrong bound is
split over the cuts (Bonferroni), so the cut may be chosen by what they show. Subjects of one group
are no independent witnesses: a group counts once, and as wrong if any of it is.
"""

from __future__ import annotations

from math import ceil, exp, floor, lgamma, log, log1p
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONFIDENCE", "INNOCENTS", "HeldOut", "Threshold", "lower_bound", "threshold_of"]

CONFIDENCE: Final = 0.95
"""How sure a threshold is: in so many of 100 samples the precision is at least what is said."""

INNOCENTS: Final = 10
"""Groups labelled innocent without which nothing is said of precision: where people only write
down whom they caught, everything that is labelled is right."""

_FIRST: Final = 30
"""Groups above the first cut; above each further one there are twice as many."""
_ROUNDS: Final = 60
_TERMS: Final = 10_000
_STILL: Final = 1e-14
_MANY: Final = 100_000
"""More labels than anybody will make."""


class HeldOut(Struct, frozen=True, forbid_unknown_fields=True):
    """Labelled subjects as a model scored them that had not seen their group.

    Attributes:
        scores: Log-odds.
        offender: Whether a person confirmed it.
        groups: A number of the group of each.

    Raises:
        UsageError: They are not of one length.
    """

    scores: tuple[float, ...]
    offender: tuple[bool, ...]
    groups: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.scores) == len(self.offender) == len(self.groups):
            raise UsageError("held-out scores, labels and groups differ in length", where="HeldOut")

    def __repr__(self) -> str:
        """How many."""
        return f"<HeldOut {len(self.scores)}>"


class Threshold(Struct, frozen=True, kw_only=True):
    """A cut, or why there is none.

    Attributes:
        precision: What was asked for.
        score: The cut; None where it is refused.
        right, groups: Labelled groups at and above the cut, or above the best one that was tried,
            and how many of them are right.
        low: The lower bound of their precision.
        refused: Why, in words; None where there is a cut.
        at_least: How many groups it takes at and above a cut even if all of them are right.
        needs: How many it takes if as many are right as so far; None where no number would do, or
            where nothing is known of that.
    """

    precision: float
    score: float | None
    right: int
    groups: int
    low: float
    refused: str | None
    at_least: int
    needs: int | None

    @property
    def words(self) -> str:
        """The same as a sentence."""
        wanted = f"a precision of {self.precision:.0%}"
        if self.score is not None:
            return (
                f"{wanted} from a score of {self.score:+.2f} on: {self.right:,} of {self.groups:,} "
                f"labelled groups there are right, so with {CONFIDENCE:.0%} confidence at least "
                f"{self.low:.1%} are"
            )
        return f"no threshold for {wanted}: {self.refused}"


class _Cut(NamedTuple):
    score: float
    right: int
    groups: int


def threshold_of(held_out: HeldOut | None, precision: float) -> Threshold:
    """The lowest cut at and above which the labels support a precision.

    Args:
        held_out: The labelled subjects; None where there are none.
        precision: From 0 to 1, both ends left out.

    Raises:
        UsageError: The precision is out of range.
    """
    if not 0 < precision < 1:
        raise UsageError(
            "a precision is between 0 and 1", where="precision", hint="give 0.9 for nine of ten"
        )
    held = held_out or HeldOut((), (), ())
    cuts = list(_cuts(held))
    error = (1 - CONFIDENCE) / max(len(cuts), 1)
    at_least = ceil(log(error) / log(precision))
    innocents = len({g for g, bad in zip(held.groups, held.offender, strict=True) if not bad})
    bounds = [lower_bound(cut.right, cut.groups, error) for cut in cuts]
    good = [place for place, low in enumerate(bounds) if low >= precision]
    if good and innocents >= INNOCENTS:
        cut, low = cuts[good[-1]], bounds[good[-1]]
        return Threshold(
            precision=precision,
            score=cut.score,
            right=cut.right,
            groups=cut.groups,
            low=low,
            refused=None,
            at_least=at_least,
            needs=cut.groups,
        )
    best = int(np.argmax(bounds)) if bounds else -1
    cut, low = (cuts[best], bounds[best]) if bounds else (_Cut(0.0, 0, 0), 0.0)
    needs = _needs(cut, precision, error)
    return Threshold(
        precision=precision,
        score=None,
        right=cut.right,
        groups=cut.groups,
        low=low,
        refused=_why(cut, low, innocents, at_least, needs),
        at_least=at_least,
        needs=needs,
    )


def _cuts(held: HeldOut) -> Iterator[_Cut]:
    """Cuts with 30, 60, 120 and so on groups above them, and that with all of them.

    Subjects of equal score stand on one side of a cut, so there may be a few more.
    """
    order = np.argsort(-np.array(held.scores), kind="stable").tolist()
    wrong: dict[int, bool] = {}
    wanted = _FIRST
    for place, i in enumerate(order):
        wrong[held.groups[i]] = wrong.get(held.groups[i], False) or not held.offender[i]
        last = place + 1 == len(order)
        if not last and held.scores[order[place + 1]] == held.scores[i]:
            continue
        if last or len(wrong) >= wanted:
            right = len(wrong) - sum(wrong.values())
            yield _Cut(held.scores[i], right, len(wrong))
            while wanted <= len(wrong):
                wanted *= 2


def _why(cut: _Cut, low: float, innocents: int, at_least: int, needs: int | None) -> str:
    if innocents < INNOCENTS:
        return (
            f"only {innocents} labelled groups are innocent, and it takes {INNOCENTS}: where "
            "nobody writes down who was innocent, all that is labelled is right. Label subjects "
            "with a high score as they come, whatever they turn out to be"
        )
    seen = (
        f"{cut.right:,} of {cut.groups:,} labelled groups at the best cut are right, which shows "
        f"{low:.0%}. It takes at least {at_least:,} labelled groups above a cut"
    )
    if needs is None:
        return f"{seen}, all of them right; with as many wrong as so far, no number is enough"
    return f"{seen}, and about {needs:,} if as many are right as so far"


def _needs(cut: _Cut, precision: float, error: float) -> int | None:
    """How many groups it takes at the same share of right ones, by the mean after Jeffreys."""
    if not cut.groups:
        return None
    share = (cut.right + 0.5) / (cut.groups + 1)
    low, high = 1, _MANY
    if share <= precision or lower_bound(floor(share * high), high, error) < precision:
        return None
    while low < high:
        middle = (low + high) // 2
        if lower_bound(round(share * middle), middle, error) >= precision:
            high = middle
        else:
            low = middle + 1
    return max(low, cut.groups + 1)


def lower_bound(right: int, of: int, error: float) -> float:
    """The share that is exceeded with a chance of ``1 - error``, after Clopper and Pearson.

    It is the share at which so many right ones, or more, have a chance of ``error``.

    Args:
        right: How many are right.
        of: Of how many.
        error: The chance that the true share is lower.
    """
    if right <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if _at_least(right, of, middle) > error:
            high = middle
        else:
            low = middle
    return low


def _at_least(right: int, of: int, share: float) -> float:
    """The chance of so many right ones or more: the regularised incomplete beta function.

    By the continued fraction of DLMF 8.17.22, evaluated by the method of Lentz, on the side of
    the mean where it converges fast.
    """
    a, b = float(right), float(of - right + 1)
    if share <= 0 or share >= 1:
        return float(share >= 1)
    if share > (a + 1) / (a + b + 2):
        return 1 - _tail(b, a, 1 - share)
    return _tail(a, b, share)


def _tail(a: float, b: float, x: float) -> float:
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x) - log(a)
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d), 1 + even / c
        found *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d), 1 + odd / c
        found *= d * c
        if abs(d * c - 1) < _STILL:
            break
    return exp(front) * found
