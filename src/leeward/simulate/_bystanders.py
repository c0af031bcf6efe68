"""People who meet the ring and do not belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.simulate._rows import COMPLAINT, FLAG, LIKE, REPLY, REPOST
from leeward.simulate._stage import Posts, Shown, fresh_pictures

if TYPE_CHECKING:
    from leeward.simulate._cast import Cast
    from leeward.simulate._stage import Stage
    from leeward.simulate._types import Accounts, Longs

__all__ = ["argue", "look_on", "pass_by", "report", "use_tag"]


def pass_by(stage: Stage, posts: Posts, accounts: Accounts) -> Longs:
    """Each account touches one post, and no other; the accounts that found one."""
    rng = stage.rng
    actor = accounts.astype(np.int64)
    kinds = rng.choice([LIKE, REPOST, REPLY], len(actor), p=(0.6, 0.3, 0.1))
    return stage.react(posts, actor, _anywhere(actor), kinds)


def look_on(stage: Stage, posts: Posts, bots: Accounts) -> None:
    """Bots repost what they come across: a few posts each."""
    actor = np.repeat(bots, stage.rng.poisson(3.0, len(bots))).astype(np.int64)
    stage.react(posts, actor, _anywhere(actor), REPOST)


def argue(stage: Stage, posts: Posts, critics: Accounts) -> Longs:
    """Critics argue under posts, now and then repost or report one; those who found any."""
    rng = stage.rng
    actor = np.repeat(critics, 1 + rng.poisson(2.0, len(critics))).astype(np.int64)
    kinds = rng.choice([REPLY, REPOST, FLAG], len(actor), p=(0.8, 0.1, 0.1))
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
