"""Children and schools who show photographs, their relatives, and the people who know them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.simulate._rows import LIKE, REPLY, REPOST
from leeward.simulate._stage import Posts, Shown, fresh_pictures

if TYPE_CHECKING:
    from leeward.simulate._cast import Cast
    from leeward.simulate._stage import Stage
    from leeward.simulate._types import Accounts

__all__ = ["live", "reach_everybody", "targets_of"]

_KINDS: Final = np.array([LIKE, REPLY, REPOST], np.uint8)
_FRIENDS: Final = 6
"""Acquaintances of a child who react to its photographs."""
_ROUNDS: Final = 20
_PARENTS: Final = 20
"""People who follow what a school or a club shows."""


def live(stage: Stage, cast: Cast) -> tuple[Posts, Shown]:
    """Photographs of children and schools, and what relatives and acquaintances do with them.

    Returns:
        The photographs, whose cells are the children, then the schools; and the near copies of
        them that relatives show, whose cells are the children.
    """
    rng = stage.rng
    owners = np.concatenate([cast.children, cast.schools]).astype(np.int64)
    counts = 2 + rng.poisson(np.where(np.arange(len(owners)) < len(cast.children), 3, 8))
    owner = np.repeat(np.arange(len(owners)), counts)
    actor = owners[owner]
    begin, end = stage.people.begin[actor], stage.people.end[actor]
    first = np.append(True, np.diff(owner) != 0)
    at = stage.moments(actor, begin, np.where(first, begin + (end - begin) // 5, end))
    picture = fresh_pictures(rng, len(at))
    copy = np.zeros(len(at), np.uint64)
    row = stage.add(at, actor, stage.post_kind(len(at)), picture=picture, copy=copy)
    photographs = Posts(rng, len(owners), Shown(at, actor, row, picture, copy, owner))

    _react(stage, photographs, cast.family, cast.family_of, mean=4.0)
    copies = _upload_again(stage, photographs, cast)
    for whose, each in (
        (np.arange(len(cast.children)), _FRIENDS),
        (len(cast.children) + np.arange(len(cast.schools)), _PARENTS),
    ):
        known = np.repeat(whose, each)
        nobody = np.flatnonzero(cast.role == 0)
        friends = rng.choice(nobody, len(known)).astype(np.int64)
        _react(stage, photographs, friends, known, mean=1.0)
    return photographs, copies


def _react(
    stage: Stage,
    photographs: Posts,
    accounts: Accounts,
    whose: Accounts,
    *,
    mean: float,
) -> None:
    counts = 1 + stage.rng.poisson(mean, len(accounts))
    actor = np.repeat(accounts, counts).astype(np.int64)
    kinds = stage.rng.choice(_KINDS, len(actor), p=(0.55, 0.30, 0.15))
    stage.react(photographs, actor, np.repeat(whose, counts).astype(np.int64), kinds)


def _upload_again(stage: Stage, photographs: Posts, cast: Cast) -> Shown:
    """Some relatives show a child's photograph themselves: an innocent near copy."""
    chosen = np.flatnonzero(stage.rng.random(len(cast.family)) < 0.25)
    actor = cast.family[chosen].astype(np.int64)
    cell = cast.family_of[chosen].astype(np.int64)
    place, at, found = stage.aim(photographs, actor, cell)
    place, at, actor, cell = (column[found] for column in (place, at, actor, cell))
    kind = stage.post_kind(len(place))
    picture = photographs.shown.picture[place]
    copy = fresh_pictures(stage.rng, len(place))
    row = stage.add(at, actor, kind, picture=picture, copy=copy)
    return Shown(at, actor, row, picture, copy, cell)


def targets_of(stage: Stage, photographs: Posts, cells: int) -> Posts:
    """The same photographs, by the cell of the ring that turns to them; some to two cells."""
    rng = stage.rng
    owners = len(photographs.starts) - 1
    cell = (np.arange(owners) + rng.integers(0, cells)) % cells
    twice = np.flatnonzero(rng.random(owners) < 0.2)
    owner = np.concatenate([np.arange(owners), twice])
    cell = np.concatenate([cell, rng.integers(0, cells, len(twice))])
    sizes = np.diff(photographs.starts)[owner]
    offsets = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.repeat(photographs.starts[owner], sizes) + offsets
    shown = photographs.shown.take(place)
    return Posts(rng, cells, shown._replace(cell=np.repeat(cell, sizes)))


def reach_everybody(stage: Stage, targets: Posts, ring: Accounts) -> None:
    """Let the ring like a photograph of each owner whom its acts have not reached by chance."""
    shown = targets.shown
    missing = np.setdiff1d(shown.actor, shown.actor[np.isin(shown.row, stage.done_to(ring))])
    for _ in range(_ROUNDS):
        if not len(missing):
            return
        left = shown.take(np.flatnonzero(np.isin(shown.actor, missing)))
        left = left._replace(cell=np.searchsorted(missing, left.actor))
        posts = Posts(stage.rng, len(missing), left)
        actor = stage.rng.choice(ring, len(missing)).astype(np.int64)
        place, at, found = stage.aim(posts, actor, np.arange(len(missing)))
        stage.add(at[found], actor[found], LIKE, ref=posts.shown.row[place[found]])
        missing = missing[~found]
