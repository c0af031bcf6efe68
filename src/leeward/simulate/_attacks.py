"""What the ring does to mislead those who look for it; the innocent keep their roles.

An attack is acted out last, so that everything before it is as it would be without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.simulate._accounts import END
from leeward.simulate._cast import ROLES
from leeward.simulate._chance import DAY
from leeward.simulate._rows import FLAG, LIKE, REPLY, REPOST
from leeward.simulate._stage import Posts, Shown, fresh_pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from leeward.simulate._cast import Cast, Group
    from leeward.simulate._gathering import Gathering
    from leeward.simulate._settings import Attack
    from leeward.simulate._stage import Stage
    from leeward.simulate._types import Ints, Longs

__all__ = ["Scene", "act_out_attack"]

_FLAGGING: Final = 0.3
_FOLLOWING: Final = 0.5
_FLOODING: Final = 0.2
_AS_FANS: Final = 0.5
"""The shares of the ring's members that take part."""

_THROWN_AWAY: Final = 0.1
"""Accounts made for the flood and for nothing else, for each member of the ring."""
_BY_ACCIDENT: Final = 0.3
"""The share of the flooded community whose members like or repost a flooding post."""


class Scene(NamedTuple):
    """Where an attack takes place.

    Attributes:
        cast: Who is who.
        ring, fans: The groups, after all that they do as groups.
        targets: Photographs of children and schools, by the cell of the ring that turns to them.
        copies: Near copies of them that relatives show, by child.
    """

    cast: Cast
    ring: Gathering
    fans: list[Gathering]
    targets: Posts
    copies: Shown


def act_out_attack(attack: Attack, stage: Stage, scene: Scene) -> None:
    """Let the ring do what an attack consists of; with ``none`` it does nothing."""
    acts: dict[Attack, Callable[[Stage, Scene], None]] = {
        "flags": _flags,
        "follows": _follows,
        "flood": _flood,
        "fans": _fans,
    }
    if attack in acts:
        acts[attack](stage, scene)


def _taking_part(stage: Stage, group: Group, share: float) -> Longs:
    """Places in the group of those who take part."""
    return np.flatnonzero(stage.rng.random(len(group.members)) < share)


def _times(stage: Stage, places: Longs, least: int, further: float) -> Longs:
    """Each place as often as it acts."""
    return np.repeat(places, least + stage.rng.poisson(further, len(places)))


def _flags(stage: Stage, scene: Scene) -> None:
    """Report posts of the own ring, one to three each, and argue under others, as critics do."""
    group = scene.ring.group
    part = _taking_part(stage, group, _FLAGGING)
    flags = np.repeat(part, stage.rng.integers(1, 4, len(part)))
    for places, kind in ((flags, FLAG), (_times(stage, part, 1, 1.0), REPLY)):
        actor = group.members[places].astype(np.int64)
        stage.react(scene.ring.posts, actor, np.full(len(actor), -1), kind)


def _follows(stage: Stage, scene: Scene) -> None:
    """Follow owners of photographs and their relatives, like what they show, name them."""
    group, targets, rng = scene.ring.group, scene.targets, stage.rng
    part = _taking_part(stage, group, _FOLLOWING)

    def chosen(places: Longs) -> tuple[Longs, Longs]:
        """The members at these places, and an owner or a relative for each."""
        owner = targets.shown.actor[targets.pick(rng, group.cell[places].astype(np.int64))]
        return group.members[places].astype(np.int64), _or_relative(stage, scene.cast, owner)

    stage.follow(*chosen(_times(stage, part, 4, 4.0)))
    places = _times(stage, part, 4, 4.0)
    actor = group.members[places].astype(np.int64)
    stage.react(targets, actor, group.cell[places].astype(np.int64), LIKE)
    actor = group.members[_times(stage, part, 1, 1.0)].astype(np.int64)
    copies = Posts(rng, int(scene.copies.cell.max(initial=-1)) + 1, scene.copies)
    stage.react(copies, actor, np.full(len(actor), -1), LIKE)
    actor, named = chosen(_times(stage, part, 0, 1.0))
    stage.add(stage.moments(actor), actor, stage.post_kind(len(actor)), mention=named)


def _or_relative(stage: Stage, cast: Cast, owner: Longs) -> Longs:
    """The same accounts; every other child replaced by somebody of its family."""
    child = np.full(len(cast.role), len(cast.children))
    child[cast.children] = np.arange(len(cast.children))
    order = np.argsort(cast.family_of, kind="stable")
    starts = np.searchsorted(cast.family_of[order], np.arange(len(cast.children) + 2))
    low, high = starts[child[owner]], starts[child[owner] + 1]
    turns = (stage.rng.random(len(owner)) < 0.5) & (low < high)
    aim = low + (stage.rng.random(len(owner)) * (high - low)).astype(np.int64)
    found = owner.copy()
    found[turns] = cast.family[order[aim[turns]]]
    return found


def _flood(stage: Stage, scene: Scene) -> None:
    """Post tainted pictures under a community's hashtags, and touch what its members post."""
    rng, community = stage.rng, scene.fans[0]
    ring = scene.ring.group.members[_taking_part(stage, scene.ring.group, _FLOODING)]
    actor = np.concatenate([ring, _throw_away(stage, scene.cast)]).astype(np.int64)
    cell = rng.integers(0, community.group.cells, len(actor))
    flood = _flooding_posts(stage, scene, _times(stage, actor, 1, 2.0))
    again = _times(stage, actor, 1, 2.0)
    stage.react(flood, again, np.full(len(again), -1), REPOST)

    touches = _times(stage, np.arange(len(actor)), 2, 3.0)
    kinds = np.where(rng.random(len(touches)) < 0.5, LIKE, REPOST)
    stage.react(community.posts, actor[touches], community.somewhere(cell[touches]), kinds)

    fans = _taking_part(stage, community.group, _BY_ACCIDENT)
    met = community.group.cell[fans].astype(np.int64)
    kinds = np.where(rng.random(len(fans)) < 0.7, LIKE, REPOST)
    stage.react(flood, community.group.members[fans].astype(np.int64), met, kinds)


def _throw_away(stage: Stage, cast: Cast) -> Ints:
    """Accounts of nobody, made in these days, that hardly do anything else; they join the ring."""
    rng, people = stage.rng, stage.people
    made = (people.created > 0) & (people.created < 0.6 * END) & (people.end == END)
    new = np.flatnonzero(made & (cast.role == 0))
    wanted = max(1, round(_THROWN_AWAY * len(cast.ring.members)))
    least = new[np.argsort(stage.expected[new], kind="stable")[: 3 * wanted]]
    chosen = rng.permutation(least)[:wanted].astype(np.int32)
    cast.role[chosen] = ROLES.index("reposter")
    cast.cell[chosen] = cast.cell[rng.choice(cast.ring.members, len(chosen))]
    return chosen


def _flooding_posts(stage: Stage, scene: Scene, actor: Longs) -> Posts:
    """Posts with the ring's pictures or near copies of the community's, by cell of the latter."""
    rng, community = stage.rng, scene.fans[0]
    ours, theirs = _pictured(stage, scene.ring), _pictured(stage, community)
    cell = rng.integers(0, community.group.cells, len(actor))
    source, at, found = stage.aim(ours, actor, np.full(len(actor), -1))
    source, at, actor, cell = (column[found] for column in (source, at, actor, cell))
    picture, copy = ours.shown.picture[source], ours.shown.copy[source]
    taken = theirs.pick(rng, cell)
    takes = (rng.random(len(actor)) < 0.5) & (theirs.shown.at[taken] + DAY // 48 < at)
    picture[takes] = theirs.shown.picture[taken[takes]]
    copy[takes] = fresh_pictures(rng, int(takes.sum()))
    row = stage.add(
        at,
        actor,
        stage.post_kind(len(actor)),
        picture=picture,
        copy=copy,
        tag=community.tag_of(cell, at),
        topic=stage.people.interests[community.group.members[0], 0],
        tainted=True,
    )
    return Posts(rng, community.group.cells, Shown(at, actor, row, picture, copy, cell))


def _pictured(stage: Stage, gathering: Gathering) -> Posts:
    shown = gathering.posts.shown
    return Posts(stage.rng, gathering.group.cells, shown.take(np.flatnonzero(shown.picture != 0)))


def _fans(stage: Stage, scene: Scene) -> None:
    """Each cell joins a cell of fans: its members share, like and post what fans do."""
    rng, ring = stage.rng, scene.ring.group
    part = _taking_part(stage, ring, _AS_FANS)
    for number, community in enumerate(scene.fans):
        group = community.group
        cell_of = rng.integers(0, group.cells, ring.cells)
        here = part[ring.cell[part] % len(scene.fans) == number]

        def joined(places: Longs, cell_of: Longs = cell_of) -> tuple[Longs, Longs]:
            return ring.members[places].astype(np.int64), cell_of[ring.cell[places]]

        actor, cell = joined(_times(stage, here, 5, 7.0))
        kinds = np.where(rng.random(len(actor)) < 0.5, LIKE, REPOST)
        stage.react(community.posts, actor, community.somewhere(cell), kinds)
        actor, cell = joined(_times(stage, here, 1, 3.0))
        stage.follow(actor, _somebody(stage, group, cell))
        actor, cell = joined(_times(stage, here, 0, 1.0))
        at = stage.moments(actor)
        row = stage.add(at, actor, stage.post_kind(len(actor)), tag=community.tag_of(cell, at))
        nothing = np.zeros(len(actor), np.uint64)
        posts = Posts(rng, group.cells, Shown(at, actor, row, nothing, nothing, cell))
        stage.react(posts, _somebody(stage, group, cell), cell, LIKE)


def _somebody(stage: Stage, group: Group, cell: Longs) -> Longs:
    """A member of each cell."""
    starts = np.searchsorted(group.cell, np.arange(group.cells + 1))
    low, high = starts[cell], starts[cell + 1]
    place = low + (stage.rng.random(len(cell)) * (high - low)).astype(np.int64)
    return group.members[place].astype(np.int64)
