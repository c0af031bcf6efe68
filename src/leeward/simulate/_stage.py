"""What is acted out on purpose: rows of acts with their contents, collected part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._accounts import END
from leeward.simulate._chance import DAY, RHYTHM, TIME_OF_DAY, delay, moment
from leeward.simulate._rows import FOLLOW, LIKE, NOTHING, POLL, POST, REPOST, Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.simulate._accounts import People
    from leeward.simulate._topics import Topics
    from leeward.simulate._types import Accounts, Floats, Ints, Keys, Longs, Mask, Octets

__all__ = ["Contents", "Posts", "Shown", "Stage", "deeds", "fresh_pictures"]

_ROUNDS: Final = 10
_APPEAL: Final = 1.7
"""How unequal posts are to those who come by them from elsewhere: the sigma of a log-normal.

With it, about 24 of the most shared tainted pictures reach half of a ring of 2,800, as prototypes
found; were all posts equal, it would take hundreds. ``synthetic-platform.md`` has the figures.
"""


class Contents(NamedTuple):
    """What posts carry beside what any post might; a row for each act of the stage.

    Attributes:
        picture, copy: Which picture, and which copy of it; picture 0 is none.
        tag: A place in the list of hashtags; -1 for none.
        link: A place in the list of links; -1 for none.
        mention: An account; -1 for none.
        word: A word of the vocabulary that stands in the text; -1 for none.
        tainted: Whether the ring made it as a ring.
    """

    picture: Keys
    copy: Keys
    tag: Ints
    link: Ints
    mention: Ints
    word: Ints
    tainted: Mask


_NOTHING: Final = {
    "picture": np.uint64(0),
    "copy": np.uint64(0),
    "tainted": np.bool_(0),
    **{name: np.int32(-1) for name in ("tag", "link", "mention", "word")},
}


class Shown(NamedTuple):
    """Posts: when, by whom, in which row, which copy of which picture, for which cell."""

    at: Longs
    actor: Longs
    row: Longs
    picture: Keys
    copy: Keys
    cell: Longs

    def take(self, places: Longs) -> Shown:
        """The posts at these places."""
        return Shown(
            self.at[places],
            self.actor[places],
            self.row[places],
            self.picture[places],
            self.copy[places],
            self.cell[places],
        )

    def beside(self, other: Shown) -> Shown:
        """These posts, then the others."""
        return Shown(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


class Posts:
    """Posts that may be reacted to, cell by cell; within a cell the popular ones first.

    Who comes from elsewhere meets what carries far: each post has an appeal beside its place in
    the cell, and few have most of it.

    Args:
        rng: Decides what is popular.
        cells: How many cells there are.
        shown: The posts, in any order.

    Attributes:
        shown: The posts in their new order.
        starts: Where each cell begins.
    """

    def __init__(self, rng: np.random.Generator, cells: int, shown: Shown) -> None:
        self.shown = shown.take(np.lexsort((rng.random(len(shown.at)), shown.cell)))
        self._appeal = np.cumsum(rng.lognormal(0.0, _APPEAL, len(shown.at)))
        self.starts: Longs = np.append(
            0, np.cumsum(np.bincount(shown.cell, minlength=cells))
        ).astype(np.int64)

    def __len__(self) -> int:
        return len(self.shown.at)

    def pick(self, rng: np.random.Generator, cell: Longs) -> Longs:
        """A post of each cell; of any, by appeal, where the cell is -1 or has none."""
        low, high = self.starts[cell], self.starts[cell + 1]
        anywhere = (cell < 0) | (low == high)
        skew = rng.random(len(cell)) ** 2.0
        found: Longs = low + (skew * (high - low)).astype(np.int64)
        aim = rng.random(int(anywhere.sum())) * self._appeal[-1]
        found[anywhere] = np.searchsorted(self._appeal, aim, "right")
        return found


class Stage:
    """Collects acts; knows what all of them need.

    Args:
        rng: The source of chance; the order of calls matters.
        people: Who may act.
        topics: What it may be about.
        first: The number of the first row.
        expected: How many ordinary acts each account will have.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        people: People,
        topics: Topics,
        first: int,
        expected: Floats,
    ) -> None:
        self.rng = rng
        self.people = people
        self.topics = topics
        self.expected = expected
        self.tags = list(topics.tags)
        self.links = list(topics.links)
        self._fresh = iter(topics.fresh)
        self._first = first
        self._count = 0
        self._rows: list[Rows] = []
        self._contents: list[Contents] = []

    def new_tags(self, count: int) -> Longs:
        """Places of hashtags that nobody has used yet."""
        begin = len(self.tags)
        self.tags.extend(next(self._fresh) for _ in range(count))
        return np.arange(begin, begin + count)

    def new_links(self, urls: list[str]) -> Longs:
        """Places of new links."""
        begin = len(self.links)
        self.links.extend(urls)
        return np.arange(begin, begin + len(urls))

    def add(
        self, at: Longs, actor: Longs, kind: Any, ref: Any = -1, topic: Any = None, **content: Any
    ) -> Longs:
        """Add acts; arrays of one length, or single values for all. Their rows."""
        count = len(at)
        if topic is None:
            topic = self.people.interests[actor, 0]
        self._rows.append(
            Rows(
                np.asarray(at, np.int64),
                np.asarray(actor, np.int32),
                _filled(kind, count, np.uint8),
                _filled(ref, count, np.int32),
                _filled(topic, count, np.uint16),
            )
        )
        columns = {**_NOTHING, **content}
        self._contents.append(
            Contents(*(_filled(columns[n], count, _NOTHING[n].dtype) for n in Contents._fields))
        )
        rows = self._first + self._count + np.arange(count)
        self._count += count
        return rows

    @property
    def count(self) -> int:
        """How many acts there are so far."""
        return self._count

    def done_to(self, accounts: Accounts) -> Longs:
        """The rows (and accounts) that these accounts have turned to so far."""
        refs = [rows.ref[np.isin(rows.actor, accounts)] for rows in self._rows]
        return np.unique(np.concatenate(refs)).astype(np.int64)

    def finish(self) -> tuple[Rows, Contents]:
        """Everything that was added."""
        rows = [np.concatenate(columns) for columns in zip(*self._rows, strict=True)]
        contents = [np.concatenate(columns) for columns in zip(*self._contents, strict=True)]
        acts = Rows(*rows)
        acts.kind[_again(acts)] = NOTHING
        return acts, Contents(*contents)

    def post_kind(self, count: int) -> Octets:
        """Posts, and now and then a poll."""
        return np.where(self.rng.random(count) < 0.004, POLL, POST).astype(np.uint8)

    def moments(self, actor: Longs, begin: Longs | None = None, end: Longs | None = None) -> Longs:
        """Times at which accounts may act by themselves."""
        begin = self.people.begin[actor] if begin is None else begin
        end = self.people.end[actor] if end is None else end
        return _moments(
            self.rng.random(len(actor)),
            self.rng.random(len(actor)),
            begin,
            np.maximum(end, begin + 1),
            self.people.zone[actor],
            TIME_OF_DAY,
        )

    def delays(self, count: int) -> Longs:
        """How long reactions take; as for everybody's reactions."""
        return _delays(self.rng.random(count), self.rng.random(count))

    def aim(self, posts: Posts, actor: Longs, cell: Longs) -> tuple[Longs, Longs, Mask]:
        """For each account a post to react to and a time.

        Returns:
            Places in ``posts``, times, and whether a suitable post was found.
        """
        people = self.people
        place = np.zeros(len(actor), np.int64)
        at = np.zeros(len(actor), np.int64)
        found = np.zeros(len(actor), np.bool_)
        if not len(posts):
            return place, at, found
        for _ in range(_ROUNDS):
            todo = np.flatnonzero(~found)
            who = actor[todo]
            tried = posts.pick(self.rng, cell[todo])
            time = posts.shown.at[tried] + self.delays(len(todo))
            author = posts.shown.actor[tried]
            good = (author != who) & (time >= people.begin[who])
            good &= time < np.minimum(people.end[who], people.end[author])
            local = (time + people.zone[who] * np.int64(3_600_000)) % DAY
            good &= self.rng.random(len(todo)) < RHYTHM[local // 900_000] + 0.1
            place[todo], at[todo], found[todo] = tried, time, good
        return place, at, found

    def react(self, posts: Posts, actor: Longs, cell: Longs, kind: Any, **content: Any) -> Longs:
        """React to posts; nobody does the same to a post twice.

        Args:
            posts: What may be reacted to.
            actor: Who tries to.
            cell: Whose posts each may meet; -1 for all.
            kind: What each does.
            content: As for :meth:`add`; ``mention=True`` names the author of the post.

        Returns:
            The accounts that did.
        """
        place, at, found = self.aim(posts, actor, cell)
        kinds = _filled(kind, len(actor), np.uint8)
        kept = np.flatnonzero(found)
        same = ((actor[kept] << 4) | kinds[kept]) << 32 | posts.shown.row[place[kept]]
        chosen = np.sort(kept[np.unique(same, return_index=True)[1]])
        columns = {n: v[chosen] if np.ndim(v) else v for n, v in content.items()}
        if "mention" in columns and columns["mention"] is True:
            columns["mention"] = posts.shown.actor[place[chosen]]
        self.add(
            at[chosen], actor[chosen], kinds[chosen], ref=posts.shown.row[place[chosen]], **columns
        )
        return np.unique(actor[chosen])

    def follow(self, actor: Longs, aim: Longs, within: Longs | int = END) -> None:
        """Let accounts follow others, each once, at a time at which both are there.

        Args:
            actor: Who follows.
            aim: Whom.
            within: How long after they could at most, milliseconds.
        """
        people = self.people
        begin = np.maximum(people.begin[actor], people.created[aim] + DAY // 48)
        end = np.minimum(np.minimum(people.end[actor], people.end[aim]), begin + within)
        able = (actor != aim) & (begin < end)
        _, first = np.unique(actor[able] << 32 | aim[able], return_index=True)
        chosen = np.flatnonzero(able)[first]
        at = self.moments(actor[chosen], begin[chosen], end[chosen])
        self.add(at, actor[chosen], FOLLOW, ref=aim[chosen])


def deeds(rows: Rows) -> Longs:
    """A number for who did what to which; equal ones would be the same deed again."""
    found: Longs = ((rows.actor.astype(np.int64) << 4) | rows.kind) << 32 | rows.ref
    return found


def _again(rows: Rows) -> Longs:
    """The likes, reposts and follows that somebody has done before."""
    once = np.flatnonzero(np.isin(rows.kind, (LIKE, REPOST, FOLLOW)))
    first = np.unique(deeds(rows)[once], return_index=True)[1]
    return np.delete(once, first)


def fresh_pictures(rng: np.random.Generator, count: int) -> Keys:
    """Numbers of pictures that nobody has seen."""
    return rng.integers(1, 2**64 - 1, count, dtype=np.uint64)


def _filled(value: Any, count: int, kind: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.broadcast_to(np.asarray(value).astype(kind), count)
    return found


@kernel
def _moments(
    one: Floats,
    other: Floats,
    begin: Longs,
    end: Longs,
    zone: npt.NDArray[np.int8],
    time_of_day: Floats,
) -> Longs:
    at = np.empty(len(one), np.int64)
    for i in range(len(one)):
        at[i] = moment(one[i], other[i], begin[i], end[i], zone[i], time_of_day)
    return at


@kernel
def _delays(one: Floats, other: Floats) -> Longs:
    lags = np.empty(len(one), np.int64)
    for i in range(len(one)):
        lags[i] = int(delay(one[i], other[i]))
    return lags
