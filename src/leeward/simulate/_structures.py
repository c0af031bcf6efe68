"""How a group spends its acts, for each structure and each part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from leeward.simulate._settings import Structure
    from leeward.simulate._types import Floats

__all__ = [
    "ANSWER",
    "COPY_AGAIN",
    "FOLLOW_ON",
    "INVITE",
    "LIKE_IT",
    "NAME_SOMEBODY",
    "OFFER",
    "PUBLISH",
    "PULL_IN",
    "REPOST_IT",
    "TAG_USE",
    "shares_of",
]

PUBLISH, INVITE, COPY_AGAIN, REPOST_IT, LIKE_IT, ANSWER, PULL_IN, OFFER, FOLLOW_ON = range(9)
"""The acts: post a picture; invite with a link; upload a picture of the group again; repost, like,
or answer a post of the group; like or repost somebody else's photograph; reply under it with an
offer; follow a member."""

_OWN: Final[dict[Structure, list[list[int]]]] = {
    #                 publish, invite, copy, repost, like, answer, pull in, offer, follow
    "shared-posts": [
        [22, 2, 5, 36, 22, 2, 6, 1, 4],
        [1, 1, 5, 62, 20, 2, 4, 1, 4],
        [0, 0, 1, 57, 34, 1, 3, 0, 4],
        [0, 0, 0, 50, 45, 5, 0, 0, 0],
    ],
    "hashtags": [
        [45, 25, 5, 2, 3, 8, 5, 2, 5],
        [30, 25, 8, 7, 10, 10, 4, 1, 5],
        [20, 10, 2, 12, 30, 16, 4, 1, 5],
        [35, 0, 0, 10, 45, 10, 0, 0, 0],
    ],
    "migrating": [
        [40, 4, 25, 5, 3, 4, 7, 2, 10],
        [3, 4, 28, 30, 10, 5, 6, 2, 12],
        [0, 2, 6, 36, 28, 5, 5, 2, 16],
        [0, 0, 0, 50, 50, 0, 0, 0, 0],
    ],
    "trade": [
        [14, 3, 5, 3, 3, 8, 10, 50, 4],
        [4, 2, 5, 8, 8, 12, 12, 45, 4],
        [0, 1, 2, 10, 16, 16, 14, 37, 4],
        [0, 0, 0, 10, 30, 10, 0, 50, 0],
    ],
    "adjacent": [
        [42, 10, 8, 10, 10, 6, 8, 2, 4],
        [30, 10, 8, 20, 14, 6, 7, 1, 4],
        [20, 6, 4, 30, 24, 6, 5, 1, 4],
        [30, 0, 0, 30, 35, 5, 0, 0, 0],
    ],
    "links": [
        [5, 72, 3, 2, 4, 2, 6, 2, 4],
        [2, 72, 2, 5, 8, 2, 4, 1, 4],
        [0, 70, 1, 6, 12, 3, 3, 1, 4],
        [0, 80, 0, 5, 15, 0, 0, 0, 0],
    ],
}

TAG_USE: Final[dict[Structure, float]] = {
    "shared-posts": 0.25,
    "hashtags": 0.9,
    "migrating": 0.25,
    "trade": 0.15,
    "adjacent": 0.7,
    "links": 0.1,
}
"""How many of its posts carry one of a group's own hashtags."""

NAME_SOMEBODY: Final[dict[Structure, float]] = {
    **dict.fromkeys(("shared-posts", "hashtags", "migrating", "trade", "adjacent"), 1.0),
    "links": 0.05,
}
"""How many of its invitations are for somebody; the others look like any post with a link."""


def shares_of(structure: Structure, *, targets: bool) -> Floats:
    """The shares of the acts, cumulated: a row for each part, a column for each act.

    Args:
        structure: How the group is organised.
        targets: Whether it turns to photographs of others. Where it does not, it likes and
            answers its own posts instead.
    """
    shares = np.array(_OWN[structure], np.float64)
    if not targets:
        shares[:, LIKE_IT] += shares[:, PULL_IN]
        shares[:, ANSWER] += shares[:, OFFER]
        shares[:, [PULL_IN, OFFER]] = 0
    cumulated = np.cumsum(shares, axis=1)
    found: Floats = cumulated / cumulated[:, -1:]
    return found
