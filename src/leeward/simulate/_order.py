"""All acts in order of time, and conversations out of single replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._chance import draw, unit
from leeward.simulate._rows import COMPLAINT, FOLLOW, LIKE, NOTHING, REPLY, REPOST

if TYPE_CHECKING:
    from leeward.simulate._rows import Rows
    from leeward.simulate._types import Ints, Longs, Octets, Shorts

__all__ = ["Timeline", "in_order"]

_YEARS: Final = 1 << 37
"""Added to times, which are negative before the platform is watched (milliseconds)."""
_TO_A_REPLY: Final = 0.3
"""How often a reply answers another reply, and a like is of a reply."""
_REPOST_OF_A_REPLY: Final = 0.05
_SECOND: Final = 1 << 40
"""Where the second kind of draw for a row begins."""


class Timeline(NamedTuple):
    """Acts in order of time.

    Attributes:
        at: Microseconds since the platform is watched; all different, ascending.
        actor, kind, ref, topic: As in :class:`Rows`, but ``ref`` counts places in this order.
        row: The row that an act had before it was put in order.
    """

    at: Longs
    actor: Ints
    kind: Octets
    ref: Ints
    topic: Shorts
    row: Ints

    def part(self, begin: int, end: int) -> Timeline:
        """Some of the acts, as views; ``ref`` still counts from the beginning of all."""
        return Timeline(
            self.at[begin:end],
            self.actor[begin:end],
            self.kind[begin:end],
            self.ref[begin:end],
            self.topic[begin:end],
            self.row[begin:end],
        )


def in_order(
    rows: Rows, first_post: int, first_reaction: int, end: Longs, key: np.uint64
) -> Timeline:
    """Put acts in order of time; rows in which nothing happens are left out.

    Args:
        rows: The acts.
        first_post: The first post that anybody may have come across; they reach up to
        first_reaction: the first reaction to one of them, after which all are reactions.
        end: Until when each account is there, milliseconds.
        key: Of the draws.
    """
    row = _order(rows)
    place = np.full(len(rows.at), -1, np.int32)
    place[row] = np.arange(len(row), dtype=np.int32)
    at = _distinct(rows.at, row, key)
    timeline = Timeline(at, rows.actor[row], rows.kind[row], rows.ref[row], rows.topic[row], row)
    latest = np.full(first_reaction - first_post, -1, np.int32)
    _point(timeline, place, latest, first_post, end, key)
    return timeline


def _order(rows: Rows) -> Ints:
    """The rows by time; where times are equal, by number."""
    bits = np.uint64(max(1, len(rows.at).bit_length()))
    packed = (rows.at + _YEARS).astype(np.uint64)
    packed <<= bits
    packed |= np.arange(len(packed), dtype=np.uint64)
    packed = packed[rows.kind != NOTHING]
    packed.sort()
    packed &= (np.uint64(1) << bits) - np.uint64(1)
    order: Ints = packed.astype(np.int32)
    return order


@kernel
def _distinct(at: Longs, row: Ints, key: np.uint64) -> Longs:
    """Microseconds: the milliseconds with random digits behind them, each later than the last."""
    times = np.empty(len(row), np.int64)
    last = np.int64(-(1 << 62))
    for i in range(len(row)):
        time = at[row[i]] * 1_000 + np.int64(unit(draw(key, row[i])) * 1_000)
        last = max(time, last + 1)
        times[i] = last
    return times


@kernel
def _point(
    timeline: Timeline, place: Ints, latest: Ints, first_post: int, end: Longs, key: np.uint64
) -> None:
    """Let ``ref`` count places; a part of the reactions turns to a thread's latest reply."""
    at, actor, kind, ref = timeline.at, timeline.actor, timeline.kind, timeline.ref
    first_reaction = first_post + len(latest)
    for i in range(len(at)):
        what, old, row = kind[i], ref[i], timeline.row[i]
        if old < 0 or what in (FOLLOW, COMPLAINT):
            continue
        ref[i] = place[old]
        if row < first_reaction or what not in (REPLY, REPOST, LIKE):
            continue
        reply = latest[old - first_post]
        share = _REPOST_OF_A_REPLY if what == REPOST else _TO_A_REPLY
        if (
            reply >= 0
            and actor[reply] != actor[i]
            and at[i] < end[actor[reply]] * 1_000
            and unit(draw(key, _SECOND + row)) < share
        ):
            ref[i] = reply
        if what == REPLY:
            latest[old - first_post] = i
