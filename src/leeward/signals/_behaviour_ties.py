"""Who has a tie to whom, for kernels.

A tie to an owner is what the owner or the platform says, never what a stranger can do alone: the
owner follows the other or has turned to them (a reply, a mention, a repost, a like), the owner's
account declares them a relative, or both take part in the same small group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.signals._behaviour_kernel import borrowing_kernel
from leeward.signals._behaviour_rows import (
    ACCOUNT,
    CREATE,
    DELETE,
    FLAG,
    FOLLOW,
    LIKE,
    POLL,
    POST,
    REPOST,
    Rows,
)
from leeward.signals._behaviour_table import Table, find, mix, new_table, place

if TYPE_CHECKING:
    import numpy.typing as npt

    Longs = npt.NDArray[np.int64]

__all__ = [
    "BITS",
    "CREATED",
    "FACTS",
    "GROUP_MOST",
    "INTRODUCED",
    "IS_MINOR",
    "MINORS_TOLD",
    "PERSON",
    "SOCIAL_TABLES",
    "Social",
    "follow_of",
    "follows",
    "is_kin",
    "new_social",
    "observe",
    "same_group",
    "tied",
]

GROUP_MOST: Final = 150
"""A community with more accounts than this is a place and ties nobody; Dunbar's number."""

# People: what is known of an account.
FACTS: Final = 0
CREATED: Final = 1  # microseconds plus one; 0 is not known
KIN: Final = 2  # the place in the log, plus one, where relatives were last declared
GROUPS: Final = 3  # to 6: communities it takes part in, the last four that it came to
JOINED: Final = 7
PERSON: Final = 8  # how many fields; a tracker's own come behind
INTRODUCED: Final = 1  # an account event was seen
IS_MINOR: Final = 2

# Ties: from one account to another, or from a community to a member.
BITS: Final = 0
DECLARED: Final = 1
FOLLOWS: Final = 1
TURNED: Final = 2
MEMBER: Final = 4

MINORS_TOLD: Final = 0

_RING: Final = 4


class Social(NamedTuple):
    """What is remembered of accounts and between them.

    Attributes:
        people: By account.
        ties: By a pair.
        groups: By community: how many accounts take part.
        links: By the URI of a follow or a flag: whose, and towards what.
        told: Whether any account event stated who is a minor.
    """

    people: Table
    ties: Table
    groups: Table
    links: Table
    told: Longs


SOCIAL_TABLES: Final = ("people", "ties", "groups", "links")


def new_social(most: int, own: int = 0) -> Social:
    """An empty memory of at most ``most`` accounts, with ``own`` further fields each."""
    return Social(
        new_table(most, PERSON + own),
        new_table(4 * most, 2),
        new_table(most, 1),
        new_table(2 * most, 2),
        np.zeros(1, np.int64),
    )


@borrowing_kernel
def observe(rows: Rows, i: int, social: Social, owner: np.uint64) -> None:
    """Learn from a row who stands how to whom.

    Args:
        rows: The rows.
        i: Which one.
        social: What is remembered; it changes.
        owner: Whose post is answered, reposted or liked; 0 is not known.
    """
    kind = rows.kind[i]
    if kind == ACCOUNT:
        if rows.op[i] != DELETE:
            _learn(rows, i, social)
    elif kind == FOLLOW:
        _follow(rows, i, social)
    elif rows.op[i] == CREATE and kind != FLAG and kind >= 0:
        actor = rows.actor[i]
        if owner != 0 and owner != actor and kind in (LIKE, REPOST, POST, POLL):
            _turn(social, actor, owner)
        if kind in (POST, POLL):
            for at in range(rows.mentions.starts[i], rows.mentions.starts[i + 1]):
                if rows.mentions.items[at] != actor:
                    _turn(social, actor, rows.mentions.items[at])
            if rows.community[i] != 0:
                _join(social, actor, rows.community[i])


@borrowing_kernel
def tied(social: Social, owner: np.uint64, other: np.uint64) -> bool:
    """Whether ``other`` has a tie to ``owner``."""
    slot = find(social.ties, mix(owner, other))
    if slot >= 0 and social.ties.ints[slot, BITS] & (FOLLOWS | TURNED):
        return True
    return is_kin(social, owner, other) or same_group(social, owner, other)


@borrowing_kernel
def follows(social: Social, a: np.uint64, b: np.uint64) -> bool:
    """Whether ``a`` follows ``b``."""
    slot = find(social.ties, mix(a, b))
    return slot >= 0 and social.ties.ints[slot, BITS] & FOLLOWS != 0


@borrowing_kernel
def is_kin(social: Social, owner: np.uint64, other: np.uint64) -> bool:
    """Whether the owner's account declares the other a relative."""
    slot = find(social.ties, mix(owner, other))
    if slot < 0 or social.ties.ints[slot, DECLARED] == 0:
        return False
    who = find(social.people, owner)
    return who >= 0 and social.ties.ints[slot, DECLARED] == social.people.ints[who, KIN]


@borrowing_kernel
def same_group(social: Social, a: np.uint64, b: np.uint64) -> bool:
    """Whether both take part in one small community, among the last few of each."""
    one = find(social.people, a)
    other = find(social.people, b)
    if one < 0 or other < 0:
        return False
    people = social.people.ints
    for i in range(GROUPS, GROUPS + _RING):
        community = people[one, i]
        if community == 0:
            break
        for j in range(GROUPS, GROUPS + _RING):
            if people[other, j] == community:
                slot = find(social.groups, np.uint64(community))
                if slot >= 0 and social.groups.ints[slot, 0] <= GROUP_MOST:
                    return True
    return False


@borrowing_kernel
def follow_of(rows: Rows, i: int, social: Social) -> tuple[np.uint64, np.uint64]:
    """Who follows whom by this row; a delete may name the follow alone. 0 is not known."""
    slot = find(social.links, rows.object[i])
    if slot >= 0:
        return np.uint64(social.links.ints[slot, 0]), np.uint64(social.links.ints[slot, 1])
    return rows.actor[i], rows.target[i]


@borrowing_kernel
def _learn(rows: Rows, i: int, social: Social) -> None:
    account = rows.object[i]
    who = place(social.people, account)
    people = social.people.ints
    people[who, FACTS] |= INTRODUCED
    if rows.minor[i] >= 0:
        social.told[MINORS_TOLD] = 1
        if rows.minor[i] == 1:
            people[who, FACTS] |= IS_MINOR
        else:
            people[who, FACTS] &= ~IS_MINOR
    if rows.created[i] >= 0:
        people[who, CREATED] = rows.created[i] + 1
    if rows.kin[i]:
        people[who, KIN] = rows.seq[i] + 1
        for at in range(rows.relatives.starts[i], rows.relatives.starts[i + 1]):
            slot = place(social.ties, mix(account, rows.relatives.items[at]))
            social.ties.ints[slot, DECLARED] = rows.seq[i] + 1


@borrowing_kernel
def _follow(rows: Rows, i: int, social: Social) -> None:
    a, b = follow_of(rows, i, social)
    if a == 0 or b == 0 or a == b:
        return
    if rows.op[i] == DELETE:
        slot = find(social.ties, mix(a, b))
        if slot >= 0:
            social.ties.ints[slot, BITS] &= ~FOLLOWS
        return
    slot = place(social.links, rows.object[i])
    social.links.ints[slot, 0] = np.int64(a)
    social.links.ints[slot, 1] = np.int64(b)
    slot = place(social.ties, mix(a, b))
    social.ties.ints[slot, BITS] |= FOLLOWS


@borrowing_kernel
def _turn(social: Social, actor: np.uint64, other: np.uint64) -> None:
    slot = place(social.ties, mix(actor, other))
    social.ties.ints[slot, BITS] |= TURNED


@borrowing_kernel
def _join(social: Social, actor: np.uint64, community: np.uint64) -> None:
    slot = place(social.ties, mix(community, actor))
    if social.ties.ints[slot, BITS] & MEMBER:
        return
    social.ties.ints[slot, BITS] |= MEMBER
    group = place(social.groups, community)
    social.groups.ints[group, 0] += 1
    who = place(social.people, actor)
    people = social.people.ints
    people[who, GROUPS + people[who, JOINED] % _RING] = np.int64(community)
    people[who, JOINED] += 1
