"""The people: how active they are, what interests them, whom they know, when they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.simulate._chance import DAY, DAYS
from leeward.simulate._words import fixed_words, syllables_for

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.simulate._topics import Topics
    from leeward.simulate._types import Floats, Ints, Longs, Mask, Octets, Shorts

__all__ = ["CIRCLE", "END", "JOINERS", "People", "make_people", "presence", "set_circles"]

END: Final = DAYS * DAY
"""The end of the time that is watched, milliseconds; it begins at 0."""

JOINERS: Final = 0.12
"""The share of accounts that are made while the platform is watched."""

CIRCLE: Final = 25
"""How many people know each other."""
_SUSPENDED: Final = 0.004
_YEARS_BEFORE: Final = 1_100 * DAY
_ZONES: Final = np.array([0, 0, 0, 0, 0, 0, 1, 1, -5, 8], np.int8)


class People(NamedTuple):
    """All accounts, one row each; nothing in the order of the rows says anything.

    Attributes:
        handles: Made-up names, one row of letters each.
        activity: How much an account does; mean 1, heavy-tailed.
        interests: Three topics; the first counts most.
        begin, end: From when to when it acts, milliseconds.
        created: When it was made, milliseconds; before ``begin``, and mostly negative.
        suspended: Whether the platform closed it at ``end``.
        minor: The platform holds the person to be a minor.
        bot: It is automated.
        declared: It says that it is automated.
        zone: Hours between its day and that of the platform.
        language: Of its posts.
        followers: As the platform states them.
        circle: The number of its circle of acquaintances.
        members: All accounts, circle by circle.
    """

    handles: Octets
    activity: Floats
    interests: Shorts
    begin: Longs
    end: Longs
    created: Longs
    suspended: Mask
    minor: Mask
    bot: Mask
    declared: Mask
    zone: npt.NDArray[np.int8]
    language: Octets
    followers: Longs
    circle: Ints
    members: Ints


def make_people(rng: np.random.Generator, accounts: int, topics: Topics) -> People:
    """People before anybody has a role."""
    activity = np.minimum(rng.pareto(1.6, accounts) + 0.15, 60.0)
    activity /= activity.mean()
    created = -(_YEARS_BEFORE * rng.random(accounts) ** 1.5).astype(np.int64) - 1_000
    joins = rng.random(accounts) < JOINERS
    created[joins] = (rng.random(int(joins.sum())) * 0.9 * END).astype(np.int64)
    begin = np.maximum(created + 60_000, 0)
    leaves = rng.random(accounts) < _SUSPENDED
    end = np.full(accounts, END, np.int64)
    end[leaves] = begin[leaves] + (rng.random(int(leaves.sum())) * (END - begin[leaves])).astype(
        np.int64
    )
    followers = (activity * rng.lognormal(4.0, 1.3, accounts)).astype(np.int64)
    return People(
        handles=fixed_words(rng, accounts, syllables_for(accounts)),
        activity=activity,
        interests=topics.popular[rng.integers(0, 65_536, (accounts, 3))],
        begin=begin,
        end=end,
        created=created,
        suspended=leaves,
        minor=rng.random(accounts) < 0.03,
        bot=np.zeros(accounts, np.bool_),
        declared=rng.random(accounts) < 0.0005,
        zone=rng.choice(_ZONES, accounts),
        language=rng.choice(4, accounts, p=(0.55, 0.25, 0.15, 0.05)).astype(np.uint8),
        followers=followers,
        circle=np.zeros(accounts, np.int32),
        members=np.zeros(accounts, np.int32),
    )


def set_circles(rng: np.random.Generator, people: People) -> None:
    """Put people of the same first interest into circles of acquaintances."""
    shuffled = rng.permutation(len(people.activity)).astype(np.int32)
    order = np.argsort(people.interests[shuffled, 0], kind="stable")
    people.members[:] = shuffled[order]
    people.circle[people.members] = np.arange(len(shuffled), dtype=np.int32) // CIRCLE


def presence(people: People) -> Floats:
    """What each account would do, beside the others, in the time that it is there."""
    return people.activity * (people.end - people.begin) / END
