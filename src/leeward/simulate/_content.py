"""What a post carries: hashtags, a link, a mention, a picture, a group.

All of it follows from the post's time, its topic and its author, unless the stage decided it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._accounts import CIRCLE, People
from leeward.simulate._chance import draw, unit, zipf_table
from leeward.simulate._rows import COMPLAINT, FLAG, POLL, POST, REPLY
from leeward.simulate._topics import GROUPS_A_TOPIC, LINKS_A_TOPIC, TAGS_A_TOPIC, TRENDING

if TYPE_CHECKING:
    from leeward.simulate._order import Timeline
    from leeward.simulate._stage import Contents
    from leeward.simulate._types import Ints, Keys, Octets, Shorts, Whole
    from leeward.simulate._world import World

__all__ = ["UNSAID", "Carried", "Chooser"]

_SHARED_PICTURES: Final = 64
"""How many pictures of a topic many people show."""
_KNOWN_COPIES: Final = 6
PUBLIC, UNLISTED, IN_GROUP, UNSAID = range(4)


class Carried(NamedTuple):
    """What some rows carry, a row each.

    Attributes:
        root: The place of the post that began the thread; -1 where it is this one.
        tags: Three places in the list of hashtags; -1 for none.
        link, mention: As in :class:`Contents`.
        picture, copy: Likewise.
        community: A place in the list of groups; -1 for none.
        visibility: 0 public, 1 unlisted, 2 in the group; 3 where it is not said.
        words: How many words the text has; -1 where there is none.
        word: A word that stands in it, -1 for none.
    """

    root: Ints
    tags: Ints
    link: Ints
    mention: Ints
    picture: Keys
    copy: Keys
    community: Ints
    visibility: Octets
    words: Ints
    word: Ints


class _Habits(NamedTuple):
    """Which of a topic's names people use most: ranks by quantile / 65536."""

    topics: int
    tags: Shorts
    links: Shorts
    trends: Shorts
    pictures: Shorts
    key: np.uint64


class Chooser:
    """Says what the acts of a world carry.

    Args:
        world: Whose acts.
        key: Of the draws.
    """

    def __init__(self, world: World, key: np.uint64) -> None:
        self._world = world
        self._habits = _Habits(
            world.topics.number,
            zipf_table(TAGS_A_TOPIC, 1.0),
            zipf_table(LINKS_A_TOPIC, 1.0),
            zipf_table(TRENDING, 1.0),
            zipf_table(_SHARED_PICTURES, 0.8),
            key,
        )

    def carried(self, begin: int, end: int) -> Carried:
        """What the acts from place ``begin`` to ``end`` carry."""
        count, world = end - begin, self._world
        found = Carried(
            root=np.full(count, -1, np.int32),
            tags=np.full((count, 3), -1, np.int32),
            link=np.full(count, -1, np.int32),
            mention=np.full(count, -1, np.int32),
            picture=np.zeros(count, np.uint64),
            copy=np.zeros(count, np.uint64),
            community=np.full(count, -1, np.int32),
            visibility=np.full(count, UNSAID, np.uint8),
            words=np.full(count, -1, np.int32),
            word=np.full(count, -1, np.int32),
        )
        staged, first = world.contents, world.first_staged
        _choose(found, begin, world.timeline, world.people, staged, first, self._habits)
        return found


@kernel
def _choose(
    found: Carried,
    begin: int,
    timeline: Timeline,
    people: People,
    contents: Contents,
    first_staged: int,
    habits: _Habits,
) -> None:
    for i in range(len(found.root)):
        place = begin + i
        what = timeline.kind[place]
        own = draw(habits.key, timeline.at[place])
        if what in (FLAG, COMPLAINT):
            found.words[i] = int(unit(draw(own, 0)) * 9)
        if what not in (POST, POLL, REPLY):
            continue
        found.words[i] = 3 + min(60, int(-6.0 * np.log(1.0 - unit(draw(own, 0)))))
        _set_thread(found, i, place, timeline, own, habits.key)
        staged = timeline.row[place] - first_staged
        if 0 <= staged < len(contents.tag):
            _set_staged(found, i, contents, staged)
        else:
            _set_picture(found, i, what, timeline.topic[place], own, habits)
        about = np.int64(timeline.topic[place])
        if found.link[i] < 0 and unit(draw(own, 10)) < 0.07:
            rank = habits.links[draw(own, 11) & np.uint64(0xFFFF)]
            found.link[i] = about * LINKS_A_TOPIC + rank
        if found.mention[i] < 0:
            found.mention[i] = _mentioned(place, own, timeline, people)
        named = found.mention[i]
        if named >= 0 and people.begin[named] * 1_000 > timeline.at[place]:
            found.mention[i] = -1  # that account is yet to be made
        _set_tags(found.tags[i], about, own, habits)


@kernel
def _set_thread(
    found: Carried, i: int, place: int, timeline: Timeline, own: np.uint64, key: np.uint64
) -> None:
    """The first post of the thread, whose group is that of all its replies."""
    first = place
    while timeline.kind[first] == REPLY:
        first = timeline.ref[first]
    if first != place:
        found.root[i] = first
    thread = draw(key, timeline.at[first])
    found.visibility[i] = UNLISTED if unit(draw(own, 1)) < 0.1 else PUBLIC
    if unit(draw(thread, 2)) < 0.3:
        about = np.int64(timeline.topic[first])
        own_group = draw(np.uint64(timeline.actor[first]) ^ key, about)
        found.community[i] = about * GROUPS_A_TOPIC + np.int64(
            own_group % np.uint64(GROUPS_A_TOPIC)
        )
        if unit(draw(thread, 3)) < 0.3:
            found.visibility[i] = IN_GROUP


@kernel
def _set_staged(found: Carried, i: int, contents: Contents, staged: Whole) -> None:
    """What the stage decided."""
    found.link[i] = contents.link[staged]
    found.mention[i] = contents.mention[staged]
    found.picture[i] = contents.picture[staged]
    found.copy[i] = contents.copy[staged]
    found.word[i] = contents.word[staged]
    found.tags[i, 0] = contents.tag[staged]


@kernel
def _set_picture(
    found: Carried, i: int, what: Whole, about: Whole, own: np.uint64, habits: _Habits
) -> None:
    """A new picture, or one of a topic that many people show, mostly in one of a few copies."""
    if what == POLL or unit(draw(own, 4)) >= (0.22 if what == POST else 0.05):
        return
    if unit(draw(own, 5)) < 0.7:
        found.picture[i] = draw(own, 6) | np.uint64(1)
        return
    rank = np.int64(habits.pictures[draw(own, 7) & np.uint64(0xFFFF)])
    known = np.int64(about) * _SHARED_PICTURES + rank
    picture = draw(habits.key, -1 - known) | np.uint64(1)
    version = draw(own, 8)
    copy = np.int64(version % np.uint64(_KNOWN_COPIES))
    found.picture[i] = picture
    found.copy[i] = draw(picture, copy) if unit(draw(own, 9)) < 0.6 else version


@kernel
def _mentioned(place: int, own: np.uint64, timeline: Timeline, people: People) -> Whole:
    """Whom a post names: the author that it answers, or somebody of the author's circle."""
    author = timeline.actor[place]
    if timeline.kind[place] == REPLY:
        answered = timeline.actor[timeline.ref[place]]
        return answered if unit(draw(own, 12)) < 0.6 else np.int32(-1)
    if unit(draw(own, 12)) >= 0.06:
        return np.int32(-1)
    near = np.int64(people.circle[author]) * CIRCLE + np.int64(draw(own, 13) % np.uint64(CIRCLE))
    other = people.members[near] if near < len(people.members) else author
    return other if other != author else np.int32(-1)


@kernel
def _set_tags(tags: Ints, about: Whole, own: np.uint64, habits: _Habits) -> None:
    """Add hashtags of the topic, or what is trending; none twice."""
    chance = unit(draw(own, 14))
    wanted = int(chance < 0.32) + int(chance < 0.12) + int(chance < 0.04)
    count = int(tags[0] >= 0)
    for number in range(min(wanted, len(tags) - count)):
        bits = draw(own, 15 + number)
        quantile = bits & np.uint64(0xFFFF)
        if unit(bits) < 0.15:
            tag = habits.topics * TAGS_A_TOPIC + np.int64(habits.trends[quantile])
        else:
            tag = about * TAGS_A_TOPIC + np.int64(habits.tags[quantile])
        if tag != tags[0] and tag != tags[1]:
            tags[count] = tag
            count += 1
