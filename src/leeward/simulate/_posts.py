"""What everybody posts: when, about what, and how far it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._chance import TIME_OF_DAY, alias, draw, moment, unit
from leeward.simulate._rows import POLL, POST, Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.simulate._accounts import People
    from leeward.simulate._topics import Topics
    from leeward.simulate._types import Accounts, Floats, Ints, Longs, Shorts

__all__ = ["Pool", "interest", "make_pool", "write_posts"]

_POLLS: Final = 0.004


class Pool(NamedTuple):
    """The posts that people may come across, arranged for being picked.

    Attributes:
        by_topic: Numbers of posts (from 0), topic by topic.
        topic_starts: Where each topic begins in ``by_topic``.
        chance, other: Alias tables of their appeal, a table for each topic.
        by_circle: Numbers of posts, by the circle of their author.
        circle_starts: Where each circle begins in ``by_circle``.
    """

    by_topic: Ints
    topic_starts: Longs
    chance: npt.NDArray[np.float32]
    other: Ints
    by_circle: Ints
    circle_starts: Longs


def write_posts(rows: Rows, counts: Longs, people: People, topics: Topics, key: np.uint64) -> None:
    """Fill rows with ``counts`` posts of each account, account by account."""
    rows.actor[:] = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    _write(rows, people, topics.popular, TIME_OF_DAY, key)


@kernel
def _write(
    rows: Rows, people: People, popular: Shorts, time_of_day: Floats, key: np.uint64
) -> None:
    for row in range(len(rows.at)):
        who = rows.actor[row]
        own = draw(key, row)
        rows.topic[row] = interest(
            unit(draw(own, 0)), unit(draw(own, 1)), people.interests[who], popular
        )
        rows.at[row] = moment(
            unit(draw(own, 2)),
            unit(draw(own, 3)),
            people.begin[who],
            people.end[who],
            people.zone[who],
            time_of_day,
        )
        rows.kind[row] = POLL if unit(draw(own, 4)) < _POLLS else POST


@kernel
def interest(one: float, other: float, own: Shorts, popular: Shorts) -> int:
    """What somebody turns to: one of three interests, or now and then what is popular."""
    if one < 0.55:
        return int(own[0])
    if one < 0.80:
        return int(own[1])
    if one < 0.92:
        return int(own[2])
    return int(popular[int(other * 65_536)])


def make_pool(posts: Rows, people: People, topics: Topics, rng: np.random.Generator) -> Pool:
    """Arrange posts for being picked."""
    count = len(posts.at)
    by_topic = np.argsort(posts.topic, kind="stable").astype(np.int32)
    appeal = 1 / (rng.random(count) + 1e-6) ** 0.75
    appeal *= people.activity[posts.actor] ** 0.3
    topic_starts = _starts(posts.topic, topics.number)
    chance, other = alias(topic_starts, appeal[by_topic])
    circles = people.circle[posts.actor]
    by_circle = np.argsort(circles, kind="stable").astype(np.int32)
    circle_starts = _starts(circles, int(people.circle.max()) + 1)
    return Pool(by_topic, topic_starts, chance, other, by_circle, circle_starts)


def _starts(groups: Accounts, count: int) -> Longs:
    return np.append(0, np.cumsum(np.bincount(groups, minlength=count))).astype(np.int64)
