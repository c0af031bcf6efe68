"""What a group does as a group. The ring and the fan communities do it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from leeward.simulate import _structures as do
from leeward.simulate._accounts import END
from leeward.simulate._chance import DAY
from leeward.simulate._rows import LIKE, REPLY, REPOST
from leeward.simulate._stage import Posts, Shown, fresh_pictures
from leeward.simulate._topics import invitation
from leeward.simulate._words import words

if TYPE_CHECKING:
    from leeward.simulate._cast import Group
    from leeward.simulate._settings import Structure
    from leeward.simulate._stage import Stage
    from leeward.simulate._types import Floats, Longs

__all__ = ["Gathering"]

_SHARE: Final = 0.115
"""Acts for the group, for each ordinary act of a member."""
_SILENT: Final = 3
_PERIOD: Final = 9 * DAY
_PERIODS: Final = -(-END // _PERIOD)
_ELSEWHERE: Final = 0.65
"""How often a member reacts to what carries far in the whole group, and not to its cell's posts.

Set with the appeal of posts, so that a few items reach half of the group; see ``_stage.py``.
"""


class Gathering:
    """A group at work.

    Args:
        stage: Where its acts are collected.
        group: Who belongs to it.
        structure: How it is organised.
        targets: Photographs of others that it turns to, by cell; None where it does not.
        extra_tag: A hashtag that others use too, for something else.
        beside: A group whose hashtags it uses, in place of its own.

    Attributes:
        group: Who belongs to it.
        tags: Its hashtags: a row for each cell and one for all, a column for nine days each.
        posts: What it has published, by cell; for others to come across.
    """

    def __init__(
        self,
        stage: Stage,
        group: Group,
        structure: Structure,
        targets: Posts | None = None,
        extra_tag: int | None = None,
        beside: Gathering | None = None,
    ) -> None:
        self._stage = stage
        self._rng = stage.rng
        self.group = group
        self._targets = targets
        self._tainted = targets is not None
        self._tag_use = do.TAG_USE[structure]
        self._names_somebody = do.NAME_SOMEBODY[structure]
        self.tags = self._own_tags() if beside is None else beside.tags_beside(group.cells)
        if extra_tag is not None:
            self.tags[-1, 2:] = extra_tag
        urls = [invitation(word) for word in words(self._rng, (group.cells + 1) * _PERIODS, 5)]
        self._links = stage.new_links(urls).reshape(group.cells + 1, _PERIODS)
        self._word = self._rng.integers(500, 4_000, group.cells)
        self._place, self._act = self._plan(do.shares_of(structure, targets=self._tainted))
        self.posts = self._publish()
        self.posts = self._copy_again(self.posts)
        self._react()
        self._offer()
        self._follow()

    def _own_tags(self) -> Longs:
        tags = self._stage.new_tags((self.group.cells + 1) * _PERIODS)
        return tags.reshape(self.group.cells + 1, _PERIODS)

    def tags_beside(self, cells: int) -> Longs:
        """The hashtags of a group of so many cells, each of which lies beside one of this."""
        own = np.arange(cells) % self.group.cells
        found: Longs = self.tags[np.append(own, self.group.cells)]
        return found

    def tag_of(self, cell: Longs, at: Longs) -> Longs:
        """Hashtags in use in these cells at these times."""
        return self._named(self.tags, cell, at)

    def _plan(self, shares: Floats) -> tuple[Longs, Longs]:
        """Who does what: places in the group and acts."""
        group = self.group
        counts = self._rng.poisson(_SHARE * self._stage.expected[group.members])
        counts = np.maximum(counts, 2)
        silent = group.part == _SILENT
        counts[silent] = self._rng.integers(1, 3, int(silent.sum()))
        place = np.repeat(np.arange(len(counts)), counts)
        chance = self._rng.random(len(place))
        act = (chance[:, None] >= shares[group.part[place]]).sum(axis=1)
        # Every cell has something to gather around: its first producer publishes first.
        self._starters = np.unique(group.cell, return_index=True)[1]
        act[np.searchsorted(place, self._starters)] = do.PUBLISH
        return place, act

    def _doing(self, *acts: int) -> Longs:
        return self._place[np.isin(self._act, acts)]

    def _publish(self) -> Posts:
        stage, group, rng = self._stage, self.group, self._rng
        place = self._doing(do.PUBLISH, do.INVITE)
        invites = self._act[np.isin(self._act, (do.PUBLISH, do.INVITE))] == do.INVITE
        actor = group.members[place].astype(np.int64)
        cell = group.cell[place].astype(np.int64)
        first = np.isin(place, self._starters) & np.append(True, np.diff(place) != 0)
        begin, end = stage.people.begin[actor], stage.people.end[actor]
        at = stage.moments(actor, begin, np.where(first, begin + (end - begin) // 4, end))
        picture = fresh_pictures(rng, len(place))
        copy = np.zeros(len(place), np.uint64)
        if self._targets is not None:
            taken = self._targets.pick(rng, cell)
            takes = (rng.random(len(place)) < 0.4) & (
                self._targets.shown.at[taken] + DAY // 48 < at
            )
            picture[takes] = self._targets.shown.picture[taken[takes]]
            copy[takes] = fresh_pictures(rng, int(takes.sum()))
        shown = ~invites | (rng.random(len(place)) < 0.2)
        picture[~shown] = 0
        copy[~shown] = 0
        content = self._content(cell, at)
        mentioned = self._other_member(place)
        named = rng.random(len(place)) < self._names_somebody
        row = stage.add(
            at,
            actor,
            stage.post_kind(len(place)),
            picture=picture,
            copy=copy,
            link=np.where(invites, self._named(self._links, cell, at), -1),
            mention=np.where(invites & named, group.members[mentioned], -1),
            **content,
        )
        return Posts(rng, group.cells, Shown(at, actor, row, picture, copy, cell))

    def _copy_again(self, originals: Posts) -> Posts:
        """Upload pictures again, as they are or slightly changed; those who returned, their own."""
        stage, group, rng = self._stage, self.group, self._rng
        old = originals.shown
        shown = Posts(rng, group.cells, old.take(np.flatnonzero(old.picture != 0)))
        place = self._doing(do.COPY_AGAIN)
        actor = group.members[place].astype(np.int64)
        cell = group.cell[place].astype(np.int64)
        source, at, found = stage.aim(shown, actor, self.somewhere(cell))
        before = group.before[place]
        former = np.where(before >= 0, group.members[before], -1)
        own = _own_posts(rng, shown, former)
        returns = own >= 0
        source[returns] = own[returns]
        late = np.maximum(stage.people.begin[actor], stage.people.created[actor] + DAY // 24)
        at[returns] = stage.moments(actor[returns], late[returns])
        found[returns] = True
        place, actor, cell, source, at = (
            column[found] for column in (place, actor, cell, source, at)
        )
        picture = shown.shown.picture[source]
        changed = rng.random(len(place)) < 0.7
        changed |= returns[found]
        copy = np.where(changed, fresh_pictures(rng, len(place)), shown.shown.copy[source])
        row = stage.add(
            at,
            actor,
            stage.post_kind(len(place)),
            picture=picture,
            copy=copy,
            **self._content(cell, at),
        )
        new = Shown(at, actor, row, picture, copy, cell)
        return Posts(rng, group.cells, old.beside(new))

    def _react(self) -> None:
        for act, kind in ((do.REPOST_IT, REPOST), (do.LIKE_IT, LIKE), (do.ANSWER, REPLY)):
            place = self._doing(act)
            actor = self.group.members[place].astype(np.int64)
            cell = self.group.cell[place].astype(np.int64)
            content = {"mention": True, "tainted": self._tainted} if kind == REPLY else {}
            self._stage.react(self.posts, actor, self.somewhere(cell), kind, **content)

    def _offer(self) -> None:
        """Turn to photographs of others: like and repost them, make offers, answer offers."""
        if self._targets is None:
            return
        stage, group, rng = self._stage, self.group, self._rng
        place = self._doing(do.PULL_IN)
        actor = group.members[place].astype(np.int64)
        kinds = np.where(rng.random(len(place)) < 0.55, LIKE, REPOST)
        stage.react(self._targets, actor, group.cell[place].astype(np.int64), kinds)
        place = rng.permutation(self._doing(do.OFFER))
        half = -(-len(place) // 2)
        offers = self._reply_under(self._targets, place[:half])
        self._reply_under(offers, place[half:], answer=True)

    def _reply_under(self, posts: Posts, place: Longs, *, answer: bool = False) -> Posts:
        """Reply with a mention of another member, or of the author that is answered."""
        stage, group, rng = self._stage, self.group, self._rng
        actor = group.members[place].astype(np.int64)
        cell = group.cell[place].astype(np.int64)
        source, at, found = stage.aim(posts, actor, cell)
        source, at, place, actor, cell = (c[found] for c in (source, at, place, actor, cell))
        mention = posts.shown.actor[source] if answer else group.members[self._other_member(place)]
        picture = fresh_pictures(rng, len(place))
        picture[rng.random(len(place)) < (0.75 if answer else 0.9)] = 0
        copy = np.zeros(len(place), np.uint64)
        content = self._content(cell, at)
        content["tag"][rng.random(len(place)) < 0.5] = -1
        row = stage.add(
            at,
            actor,
            REPLY,
            ref=posts.shown.row[source],
            picture=picture,
            copy=copy,
            mention=mention,
            **content,
        )
        return Posts(rng, group.cells, Shown(at, actor, row, picture, copy, cell))

    def _follow(self) -> None:
        stage, group = self._stage, self.group
        place = self._doing(do.FOLLOW_ON)
        other = self._other_member(place, returned=True)
        actor, aim = group.members[place].astype(np.int64), group.members[other].astype(np.int64)
        returned = group.before[other] >= 0  # they are found again within days
        stage.follow(actor, aim, within=np.where(returned, 12 * DAY, END))

    def _content(self, cell: Longs, at: Longs) -> dict[str, Any]:
        """Hashtags, a word that the cell likes, and whether all this is tainted."""
        rng, count = self._rng, len(cell)
        tag = np.where(rng.random(count) < self._tag_use, self.tag_of(cell, at), -1)
        word = np.where(rng.random(count) < 0.15, self._word[cell], -1)
        return {"tag": tag, "word": word, "tainted": np.full(count, self._tainted)}

    def _named(self, names: Longs, cell: Longs, at: Longs) -> Longs:
        """The name in use at that time: mostly the cell's, else that of the whole group."""
        rng = self._rng
        everywhere = rng.random(len(cell)) < 0.35
        lingers = rng.random(len(cell)) < 0.15
        period = np.maximum(np.clip(at // _PERIOD, 0, _PERIODS - 1) - lingers, 0)
        found: Longs = names[np.where(everywhere, self.group.cells, cell), period]
        return found

    def somewhere(self, cell: Longs) -> Longs:
        """Whose posts a member of each cell meets: the cell's, or any (-1)."""
        return np.where(self._rng.random(len(cell)) < _ELSEWHERE, -1, cell)

    def _other_member(self, place: Longs, *, returned: bool = False) -> Longs:
        """A place in the same cell; with ``returned``, mostly that of somebody who returned."""
        group, rng = self.group, self._rng
        starts = np.append(0, np.cumsum(np.bincount(group.cell, minlength=group.cells)))
        cell = group.cell[place]
        size = starts[cell + 1] - starts[cell]
        step = 1 + (rng.random(len(place)) * (size - 1)).astype(np.int64)
        other: Longs = starts[cell] + (place - starts[cell] + step) % size
        if returned:
            back = np.flatnonzero(group.before >= 0)
            back_starts = np.searchsorted(group.cell[back], np.arange(group.cells + 1))
            count = back_starts[cell + 1] - back_starts[cell]
            turns = (rng.random(len(place)) < 0.7) & (count > 0)
            chosen = back_starts[cell] + (rng.random(len(place)) * count).astype(np.int64)
            other[turns] = back[chosen[turns]]
        return other


def _own_posts(rng: np.random.Generator, posts: Posts, author: Longs) -> Longs:
    """A post of each author, -1 for none."""
    authors = posts.shown.actor
    if not len(authors):
        return np.full(len(author), -1, np.int64)
    order = np.argsort(authors, kind="stable")
    low = np.searchsorted(authors[order], author, "left")
    high = np.searchsorted(authors[order], author, "right")
    chosen = low + (rng.random(len(author)) * (high - low)).astype(np.int64)
    found: Longs = np.where(high > low, order[np.minimum(chosen, len(order) - 1)], -1)
    return found
