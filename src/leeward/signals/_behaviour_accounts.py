"""Accounts, for kernels: whom they turn to, what they repost, what they send nearly alike.

Left out of an account's contacts are those who follow it back, those who declare it a relative and
those of its own small groups. That is settled anew at each contact, follow and declaration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.signals._behaviour_kernel import borrowing_kernel
from leeward.signals._behaviour_posts import AUTHOR, is_new_post, turned_to
from leeward.signals._behaviour_rows import ACCOUNT, CREATE, FOLLOW, LIKE, REPOST, Rows
from leeward.signals._behaviour_table import Table, find, mix, place
from leeward.signals._behaviour_ties import (
    BITS,
    CREATED,
    FACTS,
    IS_MINOR,
    MINORS_TOLD,
    PERSON,
    Social,
    follow_of,
    follows,
    is_kin,
    observe,
    same_group,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.signals._behaviour_items import Gathered

    Longs = npt.NDArray[np.int64]

__all__ = ["ACCOUNT_OWN", "ACCOUNT_POST", "Accounts", "walk_accounts"]

ACCOUNT_POST: Final = 1

# An account's own fields.
POSTS: Final = PERSON
REPOSTS: Final = PERSON + 1
CONTACTS: Final = PERSON + 2
MINORS: Final = PERSON + 3
TEXTS: Final = PERSON + 4
ALIKE: Final = PERSON + 5
ACCOUNT_OWN: Final = 6

# Further bits of a tie: that it was a contact, and that it is counted as one, of a minor.
CONTACTED: Final = 8
IN_CONTACTS: Final = 16
IN_MINORS: Final = 32

_DAY: Final = 86_400_000_000.0


class Accounts(NamedTuple):
    """What is remembered.

    Attributes:
        social: Of accounts.
        posts: By URI: whose.
    """

    social: Social
    posts: Table


@borrowing_kernel
def walk_accounts(
    rows: Rows, begin: int, end: int, all_: Accounts, alike: Longs, out: Gathered
) -> None:
    """Learn from rows, and say what is known of each that acts.

    Args:
        rows: The rows.
        begin: The first of them.
        end: Behind the last.
        all_: What is remembered; it changes.
        alike: By row: 1 where its text is nearly that of other accounts, 0 where it is not, -1
            where there is no text to compare.
        out: Takes the entries.
    """
    for i in range(begin, end):
        kind = rows.kind[i]
        owner = turned_to(rows, i, all_.posts)
        observe(rows, i, all_.social, owner)
        if kind == ACCOUNT:
            _settle_kin(rows, i, all_.social)
        elif kind == FOLLOW:
            _follow(rows, i, all_.social, out)
        elif is_new_post(rows, i, all_.posts):
            slot = place(all_.posts, rows.object[i])
            all_.posts.ints[slot, AUTHOR] = np.int64(rows.actor[i])
            _post(rows, i, all_.social, owner, alike[i], out)
        elif (kind in (REPOST, LIKE)) and rows.op[i] == CREATE:
            _contact(all_.social, rows.actor[i], owner)
            if kind == REPOST:
                who = place(all_.social.people, rows.actor[i])
                all_.social.people.ints[who, REPOSTS] += 1
            _say(rows, i, all_.social, out)


@borrowing_kernel
def _settle_kin(rows: Rows, i: int, social: Social) -> None:
    for at in range(rows.relatives.starts[i], rows.relatives.starts[i + 1]):
        _settle(social, rows.relatives.items[at], rows.object[i])


@borrowing_kernel
def _follow(rows: Rows, i: int, social: Social, out: Gathered) -> None:
    a, b = follow_of(rows, i, social)
    if a == 0 or b == 0 or a == b:
        return
    if rows.op[i] == CREATE:
        _contact(social, a, b)
    _settle(social, a, b)
    _settle(social, b, a)
    if rows.op[i] == CREATE:
        _say(rows, i, social, out)


@borrowing_kernel
def _post(rows: Rows, i: int, social: Social, owner: np.uint64, alike: int, out: Gathered) -> None:
    actor = rows.actor[i]
    who = place(social.people, actor)
    social.people.ints[who, POSTS] += 1
    social.people.ints[who, TEXTS] += alike >= 0
    social.people.ints[who, ALIKE] += alike > 0
    _contact(social, actor, owner)
    for at in range(rows.mentions.starts[i], rows.mentions.starts[i + 1]):
        _contact(social, actor, rows.mentions.items[at])
    _say(rows, i, social, out)


@borrowing_kernel
def _contact(social: Social, a: np.uint64, b: np.uint64) -> None:
    if b == 0 or a == b:
        return
    slot = place(social.ties, mix(a, b))
    social.ties.ints[slot, BITS] |= CONTACTED
    _settle(social, a, b)


@borrowing_kernel
def _settle(social: Social, a: np.uint64, b: np.uint64) -> None:
    """Bring up to date whether ``b`` counts among the contacts of ``a``, and as a minor."""
    slot = find(social.ties, mix(a, b))
    if slot < 0 or social.ties.ints[slot, BITS] & CONTACTED == 0:
        return
    counts = not (
        (follows(social, a, b) and follows(social, b, a))
        or is_kin(social, b, a)
        or same_group(social, a, b)
    )
    other = find(social.people, b)
    minor = other >= 0 and social.people.ints[other, FACTS] & IS_MINOR != 0
    who = place(social.people, a)
    bits, people = social.ties.ints[slot, BITS], social.people.ints
    people[who, CONTACTS] += int(counts) - int(bits & IN_CONTACTS != 0)
    people[who, MINORS] += int(counts and minor) - int(bits & IN_MINORS != 0)
    people[who, CONTACTS] = max(0, people[who, CONTACTS])
    people[who, MINORS] = max(0, people[who, MINORS])
    bits &= ~(IN_CONTACTS | IN_MINORS)
    bits |= (IN_CONTACTS if counts else 0) | (IN_MINORS if counts and minor else 0)
    social.ties.ints[slot, BITS] = bits


@borrowing_kernel
def _say(rows: Rows, i: int, social: Social, out: Gathered) -> None:
    """Write an entry for the account that acts."""
    who = place(social.people, rows.actor[i])
    entry = out.used[0]
    out.used[0] += 1
    out.row[entry] = i
    out.subject[entry] = rows.actor[i]
    k, n, people = out.k[entry], out.n[entry], social.people.ints
    if social.told[MINORS_TOLD] != 0 and people[who, FACTS] & IS_MINOR == 0:
        k[0], n[0] = people[who, MINORS], people[who, CONTACTS]
        k[1], n[1] = people[who, MINORS], max(1, people[who, CONTACTS])
    else:
        k[0], n[0] = 0.0, 0.0
        k[1], n[1] = 0.0, 0.0
    k[2], n[2] = people[who, REPOSTS], people[who, POSTS] + people[who, REPOSTS]
    if people[who, CREATED] > 0:
        k[3], n[3] = max(0, rows.at[i] - people[who, CREATED] + 1) / _DAY, 1.0
    else:
        k[3], n[3] = 0.0, 0.0
    k[4], n[4] = people[who, ALIKE], people[who, TEXTS]
