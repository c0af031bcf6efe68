"""What a row of the simulation is, before it becomes text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from leeward.simulate._types import Ints, Longs, Octets, Shorts

__all__ = [
    "ACCOUNT",
    "COMPLAINT",
    "FLAG",
    "FOLLOW",
    "KIND_WORDS",
    "LIKE",
    "NOTHING",
    "POLL",
    "POST",
    "REPLY",
    "REPOST",
    "SUSPENSION",
    "Rows",
    "make_rows",
]

NOTHING: Final = 0
ACCOUNT: Final = 1
SUSPENSION: Final = 2
POST: Final = 3
POLL: Final = 4
REPLY: Final = 5
REPOST: Final = 6
LIKE: Final = 7
FOLLOW: Final = 8
FLAG: Final = 9
"""A complaint about a post."""
COMPLAINT: Final = 10
"""A complaint about an account."""

KIND_WORDS: Final = (
    *("account", "account", "account", "post", "poll", "post"),
    *("repost", "like", "follow", "flag", "flag"),
)
"""The word of the contract for each."""


class Rows(NamedTuple):
    """Acts, one row each, in no order of time.

    Attributes:
        at: Milliseconds since the platform is watched.
        actor: Number of the account.
        kind: One of the constants above.
        ref: What it was done to: the row of a post, or the number of an account; -1 for none.
        topic: What a post is about.
    """

    at: Longs
    actor: Ints
    kind: Octets
    ref: Ints
    topic: Shorts

    def part(self, begin: int, end: int) -> Rows:
        """Some of the rows, as views."""
        return self.take(slice(begin, end))

    def take(self, places: slice | Longs) -> Rows:
        """The rows at these places."""
        return Rows(
            self.at[places],
            self.actor[places],
            self.kind[places],
            self.ref[places],
            self.topic[places],
        )


def make_rows(count: int) -> Rows:
    """Rows in which nothing happens yet."""
    return Rows(
        np.zeros(count, np.int64),
        np.zeros(count, np.int32),
        np.zeros(count, np.uint8),
        np.full(count, -1, np.int32),
        np.zeros(count, np.uint16),
    )
