"""Media items and threads, for kernels: who posts them, who gathers under them, and how.

Both are items with an owner. A media item's owner is who posted it first, a thread's is who began
it. A post belongs to items: to its thread, or to the pictures that it or the post above it carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.signals._behaviour_kernel import borrowing_kernel
from leeward.signals._behaviour_posts import (
    AUTHOR,
    INNOCENT,
    OFFENDER,
    POST_FIELDS,
    complaint,
    conclude,
    is_new_post,
    turned_to,
)
from leeward.signals._behaviour_rows import CREATE, FLAG, LIKE, REPOST, Rows
from leeward.signals._behaviour_table import Table, find, mix, place
from leeward.signals._behaviour_ties import (
    FACTS,
    INTRODUCED,
    IS_MINOR,
    MINORS_TOLD,
    PERSON,
    Social,
    observe,
    tied,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]
    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = [
    "ITEM_FIELDS",
    "ITEM_OWN",
    "ITEM_POST",
    "MOST_ITEMS",
    "Gathered",
    "Items",
    "mark_item",
    "mark_post",
    "walk_items",
]

MOST_ITEMS: Final = 4
"""Pictures of a post that are followed; the first."""

# A post's own fields, and an account's: the items it belongs to, and those it replied under.
POLLS_AGES: Final = POST_FIELDS
POST_ITEMS: Final = POST_FIELDS + 1
ITEM_POST: Final = POST_FIELDS + 1 + MOST_ITEMS
VISITED: Final = PERSON
_VISITS: Final = 8
VISIT: Final = PERSON + _VISITS
ITEM_OWN: Final = _VISITS + 1

# An item.
OWNER: Final = 0
UPLOADS: Final = 1
OTHERS: Final = 2
UNRELATED: Final = 3
REPLIERS: Final = 4
JUDGED: Final = 5  # repliers who came when the owner was known
UNTIED: Final = 6
OVERLAPS: Final = 7
REPOSTERS: Final = 8
UNTIED_REPOSTERS: Final = 9
POSTS: Final = 10
LINKED: Final = 11
FLAGGED: Final = 12
POLLS: Final = 13
REACTORS: Final = 14
UNTIED_REACTORS: Final = 15
BURST_AT: Final = 16
MARK: Final = 17
ITEM_FIELDS: Final = 18

# What an account did with an item.
UPLOADED: Final = 1
REPLIED: Final = 2
OVERLAPPED: Final = 4
REPOSTED: Final = 8
REACTED: Final = 16

_BURST_HALF: Final = 600_000_000.0


class Items(NamedTuple):
    """What is remembered.

    Attributes:
        social: Of accounts.
        posts: By URI.
        items: By picture or by the thread's first post.
        seen: By item and account: what it did there.
        names: By a picture's URI or PDQ hash: the picture.
        labels: By post or picture: what people concluded.
        is_media: One element: whether items are pictures.
    """

    social: Social
    posts: Table
    items: Table
    seen: Table
    names: Table
    labels: Table
    is_media: Longs


class Gathered(NamedTuple):
    """What rows say of subjects: an entry for each subject that a row touches.

    Attributes:
        row: Which row.
        subject: Key of the subject.
        k, n: Counts by feature: so many, of so many; ``n`` 0 is not known.
        used: One element: how many entries there are.
    """

    row: Longs
    subject: Words
    k: Doubles
    n: Doubles
    used: Longs


@borrowing_kernel
def walk_items(rows: Rows, begin: int, end: int, all_: Items, mine: Words, out: Gathered) -> None:
    """Learn from rows, and say what is known of the items that each touches.

    ``mine`` is room for the keys of :data:`MOST_ITEMS` items.
    """
    for i in range(begin, end):
        kind = rows.kind[i]
        observe(rows, i, all_.social, turned_to(rows, i, all_.posts))
        if kind == FLAG:
            slot, change = complaint(rows, i, all_.social.links, all_.posts)
            if slot >= 0:
                _flagged(rows, i, all_, slot, change, out)
        elif is_new_post(rows, i, all_.posts):
            _post(rows, i, all_, mine, out)
        elif (kind in (REPOST, LIKE)) and rows.op[i] == CREATE:
            _react(rows, i, all_, out)


@borrowing_kernel
def mark_post(all_: Items, post: np.uint64, verdict: int) -> None:
    """Take what people concluded of a post."""
    label = place(all_.labels, post)
    all_.labels.ints[label, 0] = verdict
    slot = find(all_.posts, post)
    if slot >= 0:
        _recount(all_, slot, conclude(all_.posts, slot, verdict))


@borrowing_kernel
def mark_item(all_: Items, name: np.uint64, verdict: int) -> None:
    """Take what people concluded of a picture."""
    alias = find(all_.names, name)
    key = name if alias < 0 else np.uint64(all_.names.ints[alias, 0])
    label = place(all_.labels, key)
    all_.labels.ints[label, 0] = verdict
    slot = find(all_.items, key)
    if slot >= 0:
        all_.items.ints[slot, MARK] = verdict


@borrowing_kernel
def _flagged(rows: Rows, i: int, all_: Items, slot: int, change: int, out: Gathered) -> None:
    _recount(all_, slot, change)
    for j in range(POST_ITEMS, POST_ITEMS + MOST_ITEMS):
        key = np.uint64(all_.posts.ints[slot, j])
        if key != 0 and (all_.is_media[0] != 0 or key == rows.target[i]):
            _say(rows, i, all_, key, out)


@borrowing_kernel
def _recount(all_: Items, slot: int, change: int) -> None:
    if change == 0:
        return
    for j in range(POST_ITEMS, POST_ITEMS + MOST_ITEMS):
        item = find(all_.items, np.uint64(all_.posts.ints[slot, j]))
        if item >= 0:
            all_.items.ints[item, FLAGGED] += change


@borrowing_kernel
def _post(rows: Rows, i: int, all_: Items, mine: Words, out: Gathered) -> None:
    """A new post: a reply belongs to the items above it, and a picture is an item."""
    count = 0
    above = -1
    answers = _answers(rows, i)
    if all_.is_media[0] == 0:
        root = rows.root[i] if rows.root[i] != 0 else rows.reply_to[i]
        mine[0] = root if root != 0 else rows.object[i]
        count = 1
    elif answers:
        above = _above(rows, i, all_)
        for j in range(MOST_ITEMS):
            key = np.uint64(0) if above < 0 else np.uint64(all_.posts.ints[above, POST_ITEMS + j])
            # A picture that was forgotten meanwhile begins again with an upload, not with a reply.
            if key != 0 and find(all_.items, key) >= 0:
                mine[count] = key
                count += 1
    answered = count if answers else 0
    polled = _polled(rows, i, all_.posts)
    for j in range(answered):
        _reply(rows, i, all_, mine[j], polled)
    if all_.is_media[0] == 0:
        if answered == 0:
            _own(all_, mine[0], rows.actor[i])
    else:
        count = _upload(rows, i, all_, mine, count)
    _keep(rows, i, all_, mine, count)
    for j in range(count):
        _say(rows, i, all_, mine[j], out)


@borrowing_kernel
def _answers(rows: Rows, i: int) -> bool:
    """Whether a post is a reply. It may name the thread alone; that makes nobody its owner."""
    root = rows.root[i]
    return bool(rows.reply_to[i] != 0 or (root != 0 and root != rows.object[i]))


@borrowing_kernel
def _above(rows: Rows, i: int, all_: Items) -> int:
    """The post whose pictures a reply is about: the thread's first, else the one it answers."""
    if rows.root[i] != 0:
        slot = find(all_.posts, rows.root[i])
        if slot >= 0 and all_.posts.ints[slot, POST_ITEMS] != 0:
            return slot
    return find(all_.posts, rows.reply_to[i]) if rows.reply_to[i] != 0 else -1


@borrowing_kernel
def _polled(rows: Rows, i: int, posts: Table) -> bool:
    """Whether a reply reacts to a poll with ages."""
    if rows.reply_to[i] == 0:
        return False
    slot = find(posts, rows.reply_to[i])
    return slot >= 0 and posts.ints[slot, POLLS_AGES] != 0


@borrowing_kernel
def _own(all_: Items, key: np.uint64, actor: np.uint64) -> None:
    """A thread begins."""
    item = place(all_.items, key)
    all_.items.ints[item, OWNER] = np.int64(actor)


@borrowing_kernel
def _upload(rows: Rows, i: int, all_: Items, mine: Words, count: int) -> int:
    """Pictures of a post; how many items it belongs to with them.

    A reply that carries the picture above it posts that picture, too.
    """
    actor = rows.actor[i]
    first = rows.pictures.starts[i]
    for at in range(first, rows.pictures.starts[i + 1]):
        key = rows.pictures.items[at]
        is_done = key == 0
        for before in range(first, at):
            is_done |= rows.pictures.items[before] == key
        is_known = False
        for j in range(count):
            is_known |= mine[j] == key
        if is_done or (count == MOST_ITEMS and not is_known):
            continue
        if not is_known:
            mine[count] = key
            count += 1
        _alias(all_, rows.handles[at], key)
        _alias(all_, rows.looks[at], key)
        item = place(all_.items, key)
        items = all_.items.ints
        if items[item, OWNER] == 0:
            items[item, OWNER] = np.int64(actor)
            label = find(all_.labels, key)
            if label >= 0:
                items[item, MARK] = all_.labels.ints[label, 0]
        items[item, UPLOADS] += 1
        owner = np.uint64(items[item, OWNER])
        if owner != actor:
            items[item, OTHERS] += 1
            if _first(all_, key, actor, UPLOADED) and not tied(all_.social, owner, actor):
                items[item, UNRELATED] += 1
    return count


@borrowing_kernel
def _alias(all_: Items, name: np.uint64, key: np.uint64) -> None:
    if name != 0 and name != key:
        slot = place(all_.names, name)
        if all_.names.ints[slot, 0] == 0:
            all_.names.ints[slot, 0] = np.int64(key)


@borrowing_kernel
def _keep(rows: Rows, i: int, all_: Items, mine: Words, count: int) -> None:
    """Remember a post, and count it in its items."""
    slot = place(all_.posts, rows.object[i])
    posts, items = all_.posts.ints, all_.items.ints
    posts[slot, AUTHOR] = np.int64(rows.actor[i])
    posts[slot, POLLS_AGES] = rows.age_poll[i]
    for j in range(count):
        posts[slot, POST_ITEMS + j] = np.int64(mine[j])
        item = place(all_.items, mine[j])
        items[item, POSTS] += 1
        items[item, LINKED] += rows.linked[i]
        items[item, POLLS] += rows.age_poll[i]
    label = find(all_.labels, rows.object[i])
    if label >= 0:
        _recount(all_, slot, conclude(all_.posts, slot, all_.labels.ints[label, 0]))


@borrowing_kernel
def _reply(rows: Rows, i: int, all_: Items, key: np.uint64, polled: bool) -> None:
    item = place(all_.items, key)
    items = all_.items.ints
    actor, owner = rows.actor[i], np.uint64(items[item, OWNER])
    if actor == owner:
        return
    bursts = all_.items.reals
    bursts[item, 0] = _burst(all_.items, item, rows.at[i]) + 1
    items[item, BURST_AT] = max(items[item, BURST_AT], rows.at[i])
    if _first(all_, key, actor, REPLIED):
        items[item, REPLIERS] += 1
        if owner != 0:
            items[item, JUDGED] += 1
            items[item, UNTIED] += not tied(all_.social, owner, actor)
        _visit(all_, actor, key)
    if _met_elsewhere(all_, actor, key) and _first(all_, key, actor, OVERLAPPED):
        items[item, OVERLAPS] += 1
    if polled:
        _reacted(all_, item, key, actor)


@borrowing_kernel
def _burst(items: Table, item: int, at: int) -> float:
    since = max(0, at - items.ints[item, BURST_AT])
    return float(items.reals[item, 0] * 0.5 ** (since / _BURST_HALF))


@borrowing_kernel
def _first(all_: Items, key: np.uint64, actor: np.uint64, bit: int) -> bool:
    """Whether the account does this with the item for the first time."""
    slot = place(all_.seen, mix(key, actor))
    if all_.seen.ints[slot, 0] & bit:
        return False
    all_.seen.ints[slot, 0] |= bit
    return True


@borrowing_kernel
def _visit(all_: Items, actor: np.uint64, key: np.uint64) -> None:
    who = place(all_.social.people, actor)
    people = all_.social.people.ints
    people[who, VISITED + people[who, VISIT] % _VISITS] = np.int64(key)
    people[who, VISIT] += 1


@borrowing_kernel
def _met_elsewhere(all_: Items, actor: np.uint64, key: np.uint64) -> bool:
    """Whether the account is among the repliers of another item that is flagged by now."""
    who = find(all_.social.people, actor)
    if who < 0:
        return False
    for j in range(VISITED, VISITED + _VISITS):
        other = np.uint64(all_.social.people.ints[who, j])
        if other == 0:
            break
        if other != key:
            item = find(all_.items, other)
            if item >= 0 and _is_flagged(all_.items, item):
                return True
    return False


@borrowing_kernel
def _is_flagged(items: Table, item: int) -> bool:
    mark = items.ints[item, MARK]
    return bool(mark == OFFENDER or (mark != INNOCENT and items.ints[item, FLAGGED] > 0))


@borrowing_kernel
def _react(rows: Rows, i: int, all_: Items, out: Gathered) -> None:
    """A repost of a post, or a like of a poll with ages."""
    slot = find(all_.posts, rows.target[i])
    if slot < 0:
        return
    polls = all_.posts.ints[slot, POLLS_AGES] != 0
    if rows.kind[i] == LIKE and not polls:
        return
    actor = rows.actor[i]
    for j in range(POST_ITEMS, POST_ITEMS + MOST_ITEMS):
        key = np.uint64(all_.posts.ints[slot, j])
        item = -1 if key == 0 else find(all_.items, key)
        if item < 0:
            continue
        item = place(all_.items, key)
        items = all_.items.ints
        owner = np.uint64(items[item, OWNER])
        if owner != actor:
            if rows.kind[i] == REPOST and owner != 0 and _first(all_, key, actor, REPOSTED):
                items[item, REPOSTERS] += 1
                items[item, UNTIED_REPOSTERS] += not tied(all_.social, owner, actor)
            if polls:
                _reacted(all_, item, key, actor)
        if all_.is_media[0] != 0 or key == rows.target[i]:
            _say(rows, i, all_, key, out)


@borrowing_kernel
def _reacted(all_: Items, item: int, key: np.uint64, actor: np.uint64) -> None:
    owner = np.uint64(all_.items.ints[item, OWNER])
    if owner != 0 and _first(all_, key, actor, REACTED):
        all_.items.ints[item, REACTORS] += 1
        all_.items.ints[item, UNTIED_REACTORS] += not tied(all_.social, owner, actor)


@borrowing_kernel
def _say(rows: Rows, i: int, all_: Items, key: np.uint64, out: Gathered) -> None:
    """Write an entry: the features in the order of their tuples."""
    item = find(all_.items, key)
    if item < 0:
        return
    entry = out.used[0]
    out.used[0] += 1
    out.row[entry] = i
    out.subject[entry] = key
    k, n, items = out.k[entry], out.n[entry], all_.items.ints
    at = 0
    if all_.is_media[0] != 0:
        k[0], n[0] = items[item, OTHERS], items[item, UPLOADS]
        k[1], n[1] = items[item, UNRELATED], items[item, UPLOADS]
        at = 2
    k[at], n[at] = items[item, UNTIED], items[item, JUDGED]
    k[at + 1], n[at + 1] = items[item, UNTIED_REPOSTERS], items[item, REPOSTERS]
    k[at + 2], n[at + 2] = items[item, OVERLAPS], items[item, REPLIERS]
    k[at + 3], n[at + 3] = _burst(all_.items, item, rows.at[i]), items[item, POSTS]
    k[at + 4], n[at + 4] = items[item, LINKED], items[item, POSTS]
    k[at + 5], n[at + 5] = items[item, FLAGGED], items[item, POSTS]
    k[at + 6], n[at + 6] = items[item, POLLS], items[item, POSTS]
    k[at + 7], n[at + 7] = items[item, UNTIED_REACTORS], items[item, REACTORS]
    k[at + 8], n[at + 8] = _minor(all_, np.uint64(items[item, OWNER]))


@borrowing_kernel
def _minor(all_: Items, owner: np.uint64) -> tuple[float, float]:
    """Whether the owner is a minor; not known of who had no account event, or where none says."""
    who = -1 if owner == 0 else find(all_.social.people, owner)
    if who < 0 or all_.social.told[MINORS_TOLD] == 0:
        return 0.0, 0.0
    facts = all_.social.people.ints[who, FACTS]
    return (1.0 if facts & IS_MINOR else 0.0), (1.0 if facts & INTRODUCED else 0.0)
