"""What time says of an account, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._graph.acts import Act
from leeward.network._touches.time_count import EDGES, FEATURES
from leeward.network._touches.touches import OWN_ACTS

if TYPE_CHECKING:
    from leeward.network._searching.time import Learnt, Timing

__all__ = ["timed"]

_DID: Final = {
    Act.AUTHORED: ("posted", "pictures, hashtags or links"),
    Act.REPOSTED: ("reposted", "posts"),
    Act.LIKED: ("liked", "posts"),
}
_LIMITS: Final = {
    10: "ten seconds",
    60: "a minute",
    600: "ten minutes",
    3_600: "an hour",
    86_400: "a day",
}
_WHEN: Final = {
    "early": "within {} of its beginning",
    "quick": "within {} after another suspect",
    "burst": "within {} after something else that it did",
}


def timed(timing: Timing, place: int) -> str:
    """The foremost of what time says of an account, beside what others do.

    Args:
        timing: The evidence of time.
        place: The place of an account of which it says something.
    """
    sign = 1.0 if timing.total[place] > 0 else -1.0
    foremost = max(timing.learnt, key=lambda one: sign * _ratio(one, place))
    counts = foremost.counts[np.searchsorted(foremost.accounts, place)]
    number, edges = int(counts.sum()), EDGES[FEATURES.index(foremost.feature)]
    before = np.cumsum(counts)[:-1]
    member, other = (np.cumsum(one)[:-1] for one in (foremost.member, foremost.other))
    says = before * np.log(member / other) + (number - before) * np.log((1 - member) / (1 - other))
    cut = int(np.argmax(sign * says))
    did, what = _DID[OWN_ACTS[foremost.act]]
    when = _WHEN[foremost.feature].format(_LIMITS[edges[cut]])
    whose, share = ("comparable accounts", other) if sign > 0 else ("suspects", member)
    return (
        f"{did} {int(before[cut]):,} of {number:,} {what} that suspects spread {when}; "
        f"{whose} do so with {_percent(float(share[cut]))}"
    )


def _ratio(one: Learnt, place: int) -> float:
    row = int(np.searchsorted(one.accounts, place))
    there = row < len(one.accounts) and one.accounts[row] == place
    return float(one.ratios[row]) if there else 0.0


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"
