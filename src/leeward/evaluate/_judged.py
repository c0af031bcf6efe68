"""A result beside the truth: what was found, who else stands among it, and what a walk accuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import Struct

from leeward.errors import UsageError
from leeward.evaluate._measures import (
    DEFAULT_AT,
    At,
    expected_in_top,
    hits_of,
    ranking_measures,
    tied,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from leeward.evaluate._measures import Bools

__all__ = ["Judged", "RoleShare", "TwoHop", "judge"]


class RoleShare(NamedTuple):
    """How many accounts of an innocent role stand in the top, and how many there are."""

    role: str
    in_top: float
    of_all: int


class TwoHop(NamedTuple):
    """What a walk of two steps over reposts accuses; a measure is None where it has no base."""

    accused: int
    right: int
    precision: float | None
    recall: float | None


class Judged(Struct, frozen=True):
    """What a page shows of a result when the truth is known.

    Attributes:
        hidden: Accounts to be found: those of the ring that were not given as seeds.
        found_at: Cuts of the ranking, in rising order.
        average_precision: None where nothing is hidden.
        curve: Points (recall, precision), at most 200.
        top: The cut that ``by_role`` speaks of.
        by_role: The innocent roles, the most frequent in the top first.
        two_hop: The same accounts judged by a walk of two steps.
    """

    hidden: int
    found_at: tuple[At, ...]
    average_precision: float | None
    curve: tuple[tuple[float, float], ...]
    top: int
    by_role: tuple[RoleShare, ...]
    two_hop: TwoHop


def judge(
    scores: npt.ArrayLike,
    roles: Sequence[str],
    ring: npt.ArrayLike,
    accused: npt.ArrayLike,
    *,
    at: Iterable[int] = DEFAULT_AT,
    top: int | None = None,
) -> Judged:
    """Judge a result. All four columns are without the seeds: they were given, not found.

    Args:
        scores: float[n], lowest for accounts that have none.
        roles: n words, the role of each account in truth.
        ring: bool[n], which accounts belong to the ring.
        accused: bool[n], which ones the walk of two steps reaches.
        at: The cuts.
        top: The cut for ``by_role``; as many as are hidden if None.

    Raises:
        UsageError: Lengths differ, a score is not a number, or a cut is below 1.
    """
    right = np.asarray(ring, dtype=np.bool_)
    reached = np.asarray(accused, dtype=np.bool_)
    if not len(roles) == right.size == reached.size:
        raise UsageError("roles, ring and accused must speak of the same accounts")
    if top is not None and top < 1:
        raise UsageError("a cut of a ranking is 1 or more")
    cut = min(int(right.sum()) if top is None else top, right.size)
    measures = ranking_measures(scores, right, [*at, cut] if cut else at)
    return Judged(
        hidden=measures.positives,
        found_at=measures.at,
        average_precision=measures.average_precision,
        curve=measures.curve,
        top=cut,
        by_role=_by_role(scores, roles, right, cut),
        two_hop=_two_hop(right, reached),
    )


def _by_role(
    scores: npt.ArrayLike, roles: Sequence[str], right: Bools, top: int
) -> tuple[RoleShare, ...]:
    groups = tied(scores)
    names, role = np.unique(np.asarray(roles, dtype=np.str_), return_inverse=True)
    shares = []
    for number, name in enumerate(names):
        of_role = (role == number) & ~right
        if count := int(of_role.sum()):
            in_top = expected_in_top(groups, hits_of(groups, of_role), top)
            shares.append(RoleShare(str(name), in_top, count))
    return tuple(sorted(shares, key=lambda share: (-share.in_top, -share.of_all, share.role)))


def _two_hop(right: Bools, reached: Bools) -> TwoHop:
    accused, hits, hidden = int(reached.sum()), int((reached & right).sum()), int(right.sum())
    return TwoHop(
        accused,
        hits,
        hits / accused if accused else None,
        hits / hidden if hidden else None,
    )
