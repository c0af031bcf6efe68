"""What everybody does with the posts of others: reply, repost, like, follow, report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._chance import RHYTHM, delay, draw, picked, unit, wakeful
from leeward.simulate._posts import Pool, interest
from leeward.simulate._rows import FLAG, FOLLOW, LIKE, NOTHING, REPLY, REPOST, Rows

if TYPE_CHECKING:
    from leeward.simulate._accounts import People
    from leeward.simulate._topics import Topics
    from leeward.simulate._types import Floats, Longs, Shorts, Whole

__all__ = ["write_reactions"]

_MIX: Final = np.cumsum([0.215, 0.225, 0.44, 0.118])
"""The shares of replies, reposts, likes and follows; the rest are flags."""
_BOT_MIX: Final = np.cumsum([0.01, 0.92, 0.04, 0.03])
_NEAR: Final = 0.22
"""How often somebody reacts to a post of the own circle."""
_TRIES: Final = 12
_THREADS: Final = 2


class _Scene(NamedTuple):
    """What those who react find: the posts, arranged, and the habits of people."""

    posts: Rows
    first_post: int
    pool: Pool
    popular: Shorts
    rhythm: Floats
    mix: Floats
    bot_mix: Floats
    key: np.uint64


def write_reactions(
    rows: Rows,
    counts: Longs,
    posts: Rows,
    first_post: int,
    pool: Pool,
    people: People,
    topics: Topics,
    key: np.uint64,
) -> None:
    """Fill rows with ``counts`` reactions of each account, account by account.

    Where nothing suitable is found, nothing happens in that row.

    Args:
        rows: The rows to fill.
        counts: How many of them each account has.
        posts: What may be reacted to.
        first_post: The number that the first post has among all rows.
        pool: The same posts, arranged.
        people: Who reacts.
        topics: What is popular.
        key: Of the draws.
    """
    starts = np.append(0, np.cumsum(counts)).astype(np.int64)
    middle = np.searchsorted(starts, np.linspace(0, starts[-1], _THREADS + 1)[1:-1])
    edges = [0, *middle.tolist(), len(counts)]
    scene = _Scene(posts, first_post, pool, topics.popular, RHYTHM, _MIX, _BOT_MIX, key)

    def part(number: int) -> None:
        _write(rows, starts, edges[number], edges[number + 1], people, scene)

    # An account's draws depend on its number alone, so it does not matter who makes them.
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(part, range(_THREADS)))


@kernel
def _write(rows: Rows, starts: Longs, first: int, last: int, people: People, scene: _Scene) -> None:
    for who in range(first, last):
        own = draw(scene.key, who)
        mix = scene.bot_mix if people.bot[who] else scene.mix
        for row in range(starts[who], starts[who + 1]):
            rows.actor[row] = who
            rows.kind[row] = NOTHING
            act = draw(own, row - starts[who])
            what = _what(unit(act), mix)
            for attempt in range(_TRIES):
                chance = draw(act, attempt)
                post = _met(who, people, scene, chance)
                if post < 0:
                    continue
                time = scene.posts.at[post] + int(
                    delay(unit(draw(chance, 4)), unit(draw(chance, 5)))
                )
                author = scene.posts.actor[post]
                aim = author if what == FOLLOW else scene.first_post + post
                if (
                    author == who
                    or not people.begin[who] <= time < min(people.end[who], people.end[author])
                    or unit(draw(chance, 6)) > wakeful(time, people.zone[who], scene.rhythm) + 0.1
                    or _repeats(rows, starts[who], row, what, aim)
                ):
                    continue
                rows.at[row] = time
                rows.kind[row] = what
                rows.ref[row] = aim
                rows.topic[row] = scene.posts.topic[post]
                break


@kernel
def _what(one: float, mix: Floats) -> int:
    if one < mix[0]:
        return REPLY
    if one < mix[1]:
        return REPOST
    if one < mix[2]:
        return LIKE
    return FOLLOW if one < mix[3] else FLAG


@kernel
def _met(who: int, people: People, scene: _Scene, chance: np.uint64) -> int:
    """A post that somebody comes across: of the own circle, or of a topic; -1 for none."""
    pool = scene.pool
    where = unit(draw(chance, 3))
    if not people.bot[who] and unit(draw(chance, 1)) < _NEAR:
        circle = people.circle[who]
        low, high = pool.circle_starts[circle], pool.circle_starts[circle + 1]
        return int(pool.by_circle[low + int(where * (high - low))]) if low < high else -1
    one, other = unit(draw(chance, 0)), unit(draw(chance, 2))
    about = interest(one, other, people.interests[who], scene.popular)
    low, high = pool.topic_starts[about], pool.topic_starts[about + 1]
    if low == high:
        return -1
    place = low + picked(where, pool.chance[low:high], pool.other[low:high])
    return int(pool.by_topic[place])


@kernel
def _repeats(rows: Rows, begin: Whole, end: Whole, what: int, aim: Whole) -> bool:
    """Whether an account did the same before."""
    row = end - 1
    while row >= begin and not (rows.ref[row] == aim and rows.kind[row] == what):
        row -= 1
    return bool(row >= begin)
