"""Posts and what is said against them, for kernels: complaints and people's labels.

A post counts as flagged while a complaint about it stands, and once a person found it to be an
offender's; a person who found it innocent outweighs complaints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.signals._behaviour_kernel import borrowing_kernel
from leeward.signals._behaviour_rows import CREATE, DELETE, POLL, POST, Rows
from leeward.signals._behaviour_table import Table, find, place

if TYPE_CHECKING:
    import numpy.typing as npt

    Longs = npt.NDArray[np.int64]

__all__ = [
    "AUTHOR",
    "COUNTED",
    "INNOCENT",
    "OFFENDER",
    "POST_FIELDS",
    "STATE",
    "author_of",
    "complaint",
    "conclude",
    "is_new_post",
    "settle",
    "turned_to",
]

AUTHOR: Final = 0
COMPLAINTS: Final = 1
STATE: Final = 2
POST_FIELDS: Final = 3

OFFENDER: Final = 1
INNOCENT: Final = 2
COUNTED: Final = 4


@borrowing_kernel
def is_new_post(rows: Rows, i: int, posts: Table) -> bool:
    """Whether this row makes a post or poll that was not seen before."""
    if rows.op[i] != CREATE or (rows.kind[i] != POST and rows.kind[i] != POLL):
        return False
    return find(posts, rows.object[i]) < 0


@borrowing_kernel
def author_of(posts: Table, post: np.uint64) -> np.uint64:
    """Whose post it is; 0 is not known."""
    slot = -1 if post == 0 else find(posts, post)
    return np.uint64(0) if slot < 0 else np.uint64(posts.ints[slot, AUTHOR])


@borrowing_kernel
def turned_to(rows: Rows, i: int, posts: Table) -> np.uint64:
    """Whose post this row answers, reposts or likes; 0 is not known."""
    if rows.kind[i] == POST or rows.kind[i] == POLL:
        return author_of(posts, rows.reply_to[i])
    return author_of(posts, rows.target[i])


@borrowing_kernel
def settle(posts: Table, slot: int) -> int:
    """Bring a post's standing up to date: 1 where it is flagged now, -1 no longer, else 0."""
    state = posts.ints[slot, STATE]
    flagged = state & OFFENDER != 0 or (posts.ints[slot, COMPLAINTS] > 0 and state & INNOCENT == 0)
    if flagged == (state & COUNTED != 0):
        return 0
    posts.ints[slot, STATE] = state ^ COUNTED
    return 1 if flagged else -1


@borrowing_kernel
def conclude(posts: Table, slot: int, verdict: int) -> int:
    """Set what people found of a post; as :func:`settle`."""
    posts.ints[slot, STATE] = posts.ints[slot, STATE] & COUNTED | verdict
    return settle(posts, slot)


@borrowing_kernel
def complaint(rows: Rows, i: int, links: Table, posts: Table) -> tuple[int, int]:
    """Take a flag or its withdrawal: the slot of the post it is about, and as :func:`settle`.

    A flag counts once, whatever is told of it again. The slot is -1 where it is of no known post;
    such a flag counts for nothing, also when the post comes later.
    """
    known = find(links, rows.object[i])
    post = rows.target[i]
    step = 0
    if rows.op[i] == CREATE and known < 0 and post != 0:
        made = place(links, rows.object[i])
        links.ints[made, 0] = np.int64(post)
        step = 1
    elif rows.op[i] == DELETE and known >= 0 and links.ints[known, 1] == 0:
        post = np.uint64(links.ints[known, 0])
        links.ints[known, 1] = 1
        step = -1
    slot = -1 if step == 0 else find(posts, post)
    if slot < 0:
        if step > 0:
            # It was not counted, so its withdrawal must not be either.
            links.ints[place(links, rows.object[i]), 1] = 1
        return -1, 0
    posts.ints[slot, COMPLAINTS] = max(0, posts.ints[slot, COMPLAINTS] + step)
    return slot, settle(posts, slot)
