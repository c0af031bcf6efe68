"""People who meet the ring and do not belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.simulate._rows import COMPLAINT, FLAG, LIKE, REPLY, REPOST
from leeward.simulate._stage import Posts, Shown, fresh_pictures

if TYPE_CHECKING:
    from leeward.simulate._cast import Cast
    from leeward.simulate._stage import Stage
    from leeward.simulate._types import Accounts, Longs

__all__ = ["argue", "look_on", "pass_by", "report", "use_tag"]

# The three numbers below are set so that, of everybody who liked or reposted one, two or three
# of the most shared tainted pictures, about as many are of the ring as prototypes found: 35, 61
# and 78 % (docs/explanation/synthetic-platform.md has the figures beside what is measured).
_MORE: Final = 1.5
"""How many posts a bot reposts beside the first, on average."""
_SHOW: Final = 0.3
"""The share of critics who also repost, to show everybody what is going on."""
_SHOWN: Final = (2, 3)
"""How many posts these repost, at least and at most."""


def pass_by(stage: Stage, posts: Posts, accounts: Accounts) -> Longs:
    """Each account touches one post, and no other; the accounts that found one."""
    rng = stage.rng
    actor = accounts.astype(np.int64)
    kinds = rng.choice([LIKE, REPOST, REPLY], len(actor), p=(0.6, 0.3, 0.1))
    return stage.react(posts, actor, _anywhere(actor), kinds)


def look_on(stage: Stage, posts: Posts, bots: Accounts) -> None:
    """Bots repost what they come across: a few posts each."""
    actor = np.repeat(bots, 1 + stage.rng.poisson(_MORE, len(bots))).astype(np.int64)
    stage.react(posts, actor, _anywhere(actor), REPOST)


def argue(stage: Stage, posts: Posts, critics: Accounts) -> Longs:
    """Critics argue under posts, report one now and then, and some repost a few.

    Returns:
        The accounts that found any.
    """
    rng = stage.rng
    actor = np.repeat(critics, 1 + rng.poisson(2.0, len(critics))).astype(np.int64)
    kinds = rng.choice([REPLY, FLAG], len(actor), p=(0.93, 0.07))
    shows = np.flatnonzero(rng.random(len(critics)) < _SHOW)
    each = rng.integers(*_SHOWN, len(shows), endpoint=True)
    shown = np.repeat(critics[shows], each).astype(np.int64)
    actor = np.concatenate([actor, shown])
    kinds = np.concatenate([kinds, np.full(len(shown), REPOST)])
    return stage.react(posts, actor, _anywhere(actor), kinds)


def report(stage: Stage, posts: Posts, flaggers: Accounts) -> Longs:
    """Flaggers report a post, and perhaps others or their authors; those who found any."""
    rng = stage.rng
    actor = np.repeat(flaggers, rng.poisson(1.5, len(flaggers))).astype(np.int64)
    about_author = rng.random(len(actor)) < 0.3
    again = np.concatenate([flaggers.astype(np.int64), actor[~about_author]])
    did = stage.react(posts, again, _anywhere(again), FLAG)
    actor = actor[about_author]
    place, at, found = stage.aim(posts, actor, _anywhere(actor))
    stage.add(at[found], actor[found], COMPLAINT, ref=posts.shown.actor[place[found]])
    return did


def use_tag(stage: Stage, tag: int, cast: Cast) -> None:
    """People who share an interest and use a hashtag that the ring comes to use too."""
    rng = stage.rng
    actor = np.repeat(cast.tag_users, 1 + rng.poisson(2.0, len(cast.tag_users))).astype(np.int64)
    at = stage.moments(actor)
    picture = fresh_pictures(rng, len(actor))
    picture[rng.random(len(actor)) < 0.6] = 0
    copy = np.zeros(len(actor), np.uint64)
    row = stage.add(at, actor, stage.post_kind(len(actor)), picture=picture, copy=copy, tag=tag)
    shown = Shown(at, actor, row, picture, copy, np.zeros(len(actor), np.int64))
    posts = Posts(rng, 1, shown)
    kinds = rng.choice([LIKE, REPOST, REPLY], len(actor), p=(0.6, 0.25, 0.15))
    stage.react(posts, rng.permutation(actor), _anywhere(actor), kinds)


def _anywhere(actor: Longs) -> Longs:
    return np.full(len(actor), -1, np.int64)
