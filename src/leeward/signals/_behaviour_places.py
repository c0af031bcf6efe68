"""Hashtags and communities, for kernels: who uses them, who of those is confirmed or flagged.

A use fades: it counts half after thirty days. An account counts once, by its last use. All sums
fade together and are kept as of the place's last row.
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
)
from leeward.signals._behaviour_rows import FLAG, Rows
from leeward.signals._behaviour_table import OLDEST, Table, find, mix, place

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.signals._behaviour_items import Gathered

    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = [
    "CASE_FIELDS",
    "LABEL_FIELDS",
    "MEMBER_FIELDS",
    "MOST_TAGS",
    "PLACE_FIELDS",
    "PLACE_POST",
    "PLACE_SUMS",
    "Places",
    "mark_picture",
    "mark_subject",
    "walk_places",
]

MOST_TAGS: Final = 8
"""Hashtags of a post that are followed; the first."""

_HALF: Final = 30 * 86_400_000_000.0

# A post's own fields: when it was made (as its places' sums have it), and where.
POST_AT: Final = POST_FIELDS
POST_PLACES: Final = POST_FIELDS + 1
PLACE_POST: Final = POST_FIELDS + 1 + MOST_TAGS

# A place: as of when, and since which row it is remembered; sums that fade.
AT: Final = 0
BORN: Final = 1
PLACE_FIELDS: Final = 2
USERS: Final = 0
CONFIRMED: Final = 1
FLAGGED_USERS: Final = 2
POSTS: Final = 3
FLAGGED: Final = 4
PLACE_SUMS: Final = 5

# An account at a place: its last use, and why it counts as confirmed, if it does.
PLACE: Final = 2
ACCOUNT: Final = 3
CASE: Final = 4
CAUSE: Final = 5
FLAGS: Final = 6
RECENT: Final = 7  # to 14: its last posts and their first pictures
_RECENT: Final = 4
TURN: Final = 15
MEMBER_FIELDS: Final = 16

# A case at a place has AT and BORN too, and one sum.
CASE_FIELDS: Final = 2

# A label: what was concluded, and of which case; its weight is a real.
VERDICT: Final = 0
LABEL_CASE: Final = 1
LABEL_FIELDS: Final = 2


class Places(NamedTuple):
    """What is remembered.

    Attributes:
        places: By hashtag or community.
        members: By place and account.
        cases: By place and case: the case's part of the confirmed.
        posts: By URI.
        links: By the URI of a flag: towards what.
        names: By a picture's URI or PDQ hash: the picture.
        labels: By account, post or picture: what people concluded.
        told: One element: whether there ever was a label.
        is_tag: One element: whether places are hashtags.
    """

    places: Table
    members: Table
    cases: Table
    posts: Table
    links: Table
    names: Table
    labels: Table
    told: Longs
    is_tag: Longs


@borrowing_kernel
def walk_places(rows: Rows, begin: int, end: int, all_: Places, mine: Words, out: Gathered) -> None:
    """Learn from rows, and say what is known of the places that each post touches.

    ``mine`` is room for the keys of :data:`MOST_TAGS` places.
    """
    for i in range(begin, end):
        if rows.kind[i] == FLAG:
            slot, change = complaint(rows, i, all_.links, all_.posts)
            if change != 0:
                _recount(all_, slot, change)
        elif is_new_post(rows, i, all_.posts):
            count = _places_of(rows, i, all_, mine)
            if count > 0:
                _post(rows, i, all_, mine, count, out)


@borrowing_kernel
def mark_subject(all_: Places, key: np.uint64, verdict: int, weight: float, case: int) -> None:
    """Take what people concluded of an account, a post or a picture."""
    all_.told[0] = 1
    label = place(all_.labels, key)
    all_.labels.ints[label, VERDICT] = verdict
    all_.labels.ints[label, LABEL_CASE] = case
    all_.labels.reals[label, 0] = weight
    post = find(all_.posts, key)
    if post >= 0:
        _recount(all_, post, conclude(all_.posts, post, verdict))
    # In the order of touch, which is the same after a restart: sums of reals depend on it.
    member = all_.members.state[OLDEST]
    while member >= 0:
        if _concerns(all_.members, member, np.int64(key)):
            _judge(all_, member, label, np.int64(key))
        member = all_.members.links[member, 1]


@borrowing_kernel
def mark_picture(all_: Places, name: np.uint64, verdict: int, weight: float, case: int) -> None:
    """The same of a picture, by any of its names."""
    alias = find(all_.names, name)
    key = name if alias < 0 else np.uint64(all_.names.ints[alias, 0])
    mark_subject(all_, key, verdict, weight, case)


@borrowing_kernel
def _concerns(members: Table, member: int, key: np.int64) -> bool:
    found = members.ints[member, ACCOUNT] == key
    for j in range(RECENT, RECENT + 2 * _RECENT):
        found |= members.ints[member, j] == key
    return bool(found)


@borrowing_kernel
def _judge(all_: Places, member: int, label: int, key: np.int64) -> None:
    """Let a label hold for an account at a place; an innocent one only takes back its own.

    What is said of a picture is said of many who post it, critics among them. So it is outweighed
    where a person found the account, or its post, to be innocent.
    """
    if all_.labels.ints[label, VERDICT] == OFFENDER:
        if _speaks(all_, member, key):
            case = all_.labels.ints[label, LABEL_CASE]
            _confirm(all_, member, all_.labels.reals[label, 0], case, key)
    elif _takes_back(all_, member, key):
        _confirm(all_, member, 0.0, 0, 0)


@borrowing_kernel
def _takes_back(all_: Places, member: int, key: np.int64) -> bool:
    """Whether the innocence of ``key`` is that of what an account counts as confirmed for."""
    cause = all_.members.ints[member, CAUSE]
    if cause == key or all_.members.ints[member, ACCOUNT] == key:
        return True
    shown = cause != 0 and _shows(all_.members, member, key, cause)
    return shown and not _speaks(all_, member, cause)


@borrowing_kernel
def _speaks(all_: Places, member: int, key: np.int64) -> bool:
    """Whether a label of an account, a post or a picture says something of an account."""
    ints = all_.members.ints
    if ints[member, ACCOUNT] == key:
        return True
    cleared = _is_innocent(all_, ints[member, ACCOUNT])
    for j in range(RECENT, RECENT + _RECENT):
        post, picture = ints[member, j], ints[member, j + _RECENT]
        if post == key or (picture == key and not cleared and not _is_innocent(all_, post)):
            return True
    return False


@borrowing_kernel
def _shows(members: Table, member: int, post: np.int64, picture: np.int64) -> bool:
    """Whether a post is among an account's last ones here, and that is its first picture."""
    for j in range(RECENT, RECENT + _RECENT):
        if members.ints[member, j] == post and members.ints[member, j + _RECENT] == picture:
            return True
    return False


@borrowing_kernel
def _is_innocent(all_: Places, key: np.int64) -> bool:
    label = find(all_.labels, np.uint64(key))
    return label >= 0 and all_.labels.ints[label, VERDICT] == INNOCENT


@borrowing_kernel
def _confirm(all_: Places, member: int, weight: float, case: int, cause: np.int64 | int) -> None:
    ints, reals = all_.members.ints, all_.members.reals
    spot = _place_of(all_, member)
    if spot >= 0:
        share = _faded(all_.places.ints[spot, AT] - ints[member, AT])
        _add_confirmed(all_, spot, ints[member, CASE], -reals[member, 0] * share)
        _add_confirmed(all_, spot, case, weight * share)
    reals[member, 0] = weight
    ints[member, CASE] = case
    ints[member, CAUSE] = cause


@borrowing_kernel
def _place_of(all_: Places, member: int) -> int:
    """The member's place, -1 where that was forgotten since."""
    spot = find(all_.places, np.uint64(all_.members.ints[member, PLACE]))
    if spot >= 0 and all_.places.ints[spot, BORN] != all_.members.ints[member, BORN]:
        return -1
    return spot


@borrowing_kernel
def _add_confirmed(all_: Places, spot: int, case: int, amount: float) -> None:
    if amount == 0.0:
        return
    all_.places.reals[spot, CONFIRMED] += amount
    own = _case_at(all_, spot, case)
    all_.cases.reals[own, 0] += amount


@borrowing_kernel
def _case_at(all_: Places, spot: int, case: int) -> int:
    """The case's part of a place's sums, faded to the place's time."""
    key = mix(all_.places.keys[spot], np.uint64(case))
    own = place(all_.cases, key)
    ints, now = all_.cases.ints, all_.places.ints[spot, AT]
    if ints[own, BORN] != all_.places.ints[spot, BORN]:
        ints[own, BORN] = all_.places.ints[spot, BORN]
        all_.cases.reals[own, 0] = 0.0
    else:
        all_.cases.reals[own, 0] *= _faded(now - ints[own, AT])
    ints[own, AT] = now
    return own


@borrowing_kernel
def _faded(since: int) -> float:
    return float(0.5 ** (max(0, since) / _HALF))


@borrowing_kernel
def _places_of(rows: Rows, i: int, all_: Places, mine: Words) -> int:
    if all_.is_tag[0] == 0:
        mine[0] = rows.community[i]
        return 1 if rows.community[i] != 0 else 0
    count = 0
    for at in range(rows.tags.starts[i], rows.tags.starts[i + 1]):
        is_known = rows.tags.items[at] == 0
        for j in range(count):
            is_known |= mine[j] == rows.tags.items[at]
        if not is_known and count < MOST_TAGS:
            mine[count] = rows.tags.items[at]
            count += 1
    return count


@borrowing_kernel
def _post(rows: Rows, i: int, all_: Places, mine: Words, count: int, out: Gathered) -> None:
    for at in range(rows.pictures.starts[i], rows.pictures.starts[i + 1]):
        _alias(all_.names, rows.handles[at], rows.pictures.items[at])
        _alias(all_.names, rows.looks[at], rows.pictures.items[at])
    post = place(all_.posts, rows.object[i])
    all_.posts.ints[post, AUTHOR] = np.int64(rows.actor[i])
    all_.posts.ints[post, POST_AT] = rows.at[i]
    for j in range(count):
        all_.posts.ints[post, POST_PLACES + j] = np.int64(mine[j])
        _use(rows, i, all_, mine[j])
    label = find(all_.labels, rows.object[i])
    if label >= 0:
        _recount(all_, post, conclude(all_.posts, post, all_.labels.ints[label, VERDICT]))
    for j in range(count):
        _say(rows, i, all_, mine[j], out)


@borrowing_kernel
def _alias(names: Table, name: np.uint64, key: np.uint64) -> None:
    if name != 0 and name != key:
        slot = place(names, name)
        if names.ints[slot, 0] == 0:
            names.ints[slot, 0] = np.int64(key)


@borrowing_kernel
def _use(rows: Rows, i: int, all_: Places, key: np.uint64) -> None:
    """An account uses a place: it counts anew, and no more as of its last use."""
    spot = place(all_.places, key)
    places, sums = all_.places.ints, all_.places.reals
    if places[spot, BORN] == 0:
        places[spot, BORN] = rows.seq[i] + 1
        places[spot, AT] = rows.at[i]
    fade = _faded(rows.at[i] - places[spot, AT])
    for field in range(PLACE_SUMS):
        sums[spot, field] *= fade
    places[spot, AT] = max(places[spot, AT], rows.at[i])
    sums[spot, POSTS] += _faded(places[spot, AT] - rows.at[i])
    member = place(all_.members, mix(key, rows.actor[i]))
    ints = all_.members.ints
    is_new = ints[member, BORN] != places[spot, BORN]
    if is_new:
        _welcome(rows, i, all_, member, spot)
    rise = 1.0 if is_new else 1.0 - _faded(places[spot, AT] - ints[member, AT])
    ints[member, AT] = places[spot, AT]
    sums[spot, USERS] += rise
    if ints[member, FLAGS] > 0:
        sums[spot, FLAGGED_USERS] += rise
    _add_confirmed(all_, spot, ints[member, CASE], all_.members.reals[member, 0] * rise)
    _show(rows, i, all_, member)


@borrowing_kernel
def _welcome(rows: Rows, i: int, all_: Places, member: int, spot: int) -> None:
    ints = all_.members.ints
    for field in range(MEMBER_FIELDS):
        ints[member, field] = 0
    all_.members.reals[member, 0] = 0.0
    ints[member, BORN] = all_.places.ints[spot, BORN]
    ints[member, PLACE] = np.int64(all_.places.keys[spot])
    ints[member, ACCOUNT] = np.int64(rows.actor[i])
    label = find(all_.labels, rows.actor[i])
    if label >= 0 and all_.labels.ints[label, VERDICT] == OFFENDER:
        all_.members.reals[member, 0] = all_.labels.reals[label, 0]
        ints[member, CASE] = all_.labels.ints[label, LABEL_CASE]
        ints[member, CAUSE] = np.int64(rows.actor[i])


@borrowing_kernel
def _show(rows: Rows, i: int, all_: Places, member: int) -> None:
    """Remember the post and its first picture, and what people concluded of them before."""
    ints = all_.members.ints
    turn = ints[member, TURN] % _RECENT
    ints[member, TURN] += 1
    ints[member, RECENT + turn] = np.int64(rows.object[i])
    first = rows.pictures.starts[i]
    picture = rows.pictures.items[first] if first < rows.pictures.starts[i + 1] else np.uint64(0)
    ints[member, RECENT + _RECENT + turn] = np.int64(picture)
    for key in (rows.object[i], picture):
        label = -1 if key == 0 else find(all_.labels, key)
        if label >= 0:
            _judge(all_, member, label, np.int64(key))


@borrowing_kernel
def _recount(all_: Places, post: int, change: int) -> None:
    """A post is flagged now, or no longer: so is its author."""
    if change == 0:
        return
    posts, sums = all_.posts.ints, all_.places.reals
    for j in range(POST_PLACES, POST_PLACES + MOST_TAGS):
        key = np.uint64(posts[post, j])
        spot = -1 if key == 0 else find(all_.places, key)
        if spot < 0:
            continue
        now = all_.places.ints[spot, AT]
        sums[spot, FLAGGED] += change * _faded(now - posts[post, POST_AT])
        member = find(all_.members, mix(key, np.uint64(posts[post, AUTHOR])))
        if member >= 0 and all_.members.ints[member, BORN] == all_.places.ints[spot, BORN]:
            before = all_.members.ints[member, FLAGS]
            all_.members.ints[member, FLAGS] = max(0, before + change)
            if (before > 0) != (before + change > 0):
                share = _faded(now - all_.members.ints[member, AT])
                sums[spot, FLAGGED_USERS] += change * share


@borrowing_kernel
def _say(rows: Rows, i: int, all_: Places, key: np.uint64, out: Gathered) -> None:
    """Write an entry; the case that the post belongs to is left out of what is confirmed."""
    spot = find(all_.places, key)
    if spot < 0:
        return
    entry = out.used[0]
    out.used[0] += 1
    out.row[entry] = i
    out.subject[entry] = key
    k, n, sums = out.k[entry], out.n[entry], all_.places.reals
    flagged, posts = max(0.0, sums[spot, FLAGGED]), sums[spot, POSTS]
    case = _case_of(rows, i, all_, key)
    own = 0.0 if case == 0 else max(0.0, all_.cases.reals[_case_at(all_, spot, case), 0])
    confirmed = max(0.0, sums[spot, CONFIRMED] - own)
    users = max(sums[spot, USERS] - own, confirmed, 1e-9)
    if all_.is_tag[0] != 0:
        k[0], n[0] = confirmed, users if all_.told[0] != 0 else 0.0
        k[1], n[1] = min(flagged, posts), posts
    else:
        k[0], n[0] = min(flagged, posts), posts
        k[1] = min(max(0.0, sums[spot, FLAGGED_USERS]), sums[spot, USERS])
        n[1] = sums[spot, USERS]
        k[2], n[2] = confirmed, users if all_.told[0] != 0 else 0.0


@borrowing_kernel
def _case_of(rows: Rows, i: int, all_: Places, key: np.uint64) -> int:
    """The case of the account or the post, 0 for none."""
    member = find(all_.members, mix(key, rows.actor[i]))
    if member >= 0 and all_.members.ints[member, CASE] != 0:
        return int(all_.members.ints[member, CASE])
    for name in (rows.actor[i], rows.object[i]):
        label = find(all_.labels, name)
        if label >= 0 and all_.labels.ints[label, VERDICT] == OFFENDER:
            return int(all_.labels.ints[label, LABEL_CASE])
    return 0
