"""Rows that belong together: the first value of each group, and its distinct items."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

__all__ = ["Groups", "distinct_items", "first_values", "group_rows"]


class Groups(NamedTuple):
    """Which rows belong together.

    Attributes:
        of_row: The group of each row, shape (rows,); groups are numbered as they first appear.
        total: Number of groups.
    """

    of_row: Ints
    total: int

    @property
    def trivial(self) -> bool:
        """Whether each row is a group of its own."""
        return self.total == len(self.of_row)

    def members(self, groups: Sequence[int]) -> list[list[int]]:
        """The rows of each of some groups, ascending."""
        order = np.argsort(self.of_row, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.of_row, minlength=self.total))])
        return [order[ends[group] : ends[group + 1]].tolist() for group in groups]


def group_rows(keys: Sequence[pa.Array], rows: int) -> Groups:
    """Put rows with equal keys together; without keys each row stands alone."""
    if not keys or not rows:
        return Groups(np.arange(rows), rows)
    codes = np.zeros(rows, np.int64)
    for key in keys:
        part = _codes(key)
        # Dense codes after each key keep the product of two of them far from overflow.
        codes = np.unique(codes * (part.max() + 2) + part, return_inverse=True)[1]
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return Groups(rank[inverse], len(first))


def first_values(values: pa.Array, groups: Groups) -> tuple[pa.Array, int]:
    """The first value of each group that is not null, and in how many groups others differ."""
    if groups.trivial:
        return values, 0
    codes = _codes(values)
    known = np.flatnonzero(codes >= 0)
    owners = groups.of_row[known]
    found, at = np.unique(owners, return_index=True)
    first = np.full(groups.total, -1, np.int64)
    first[found] = known[at]
    differing = np.unique(owners[codes[known] != codes[first[owners]]])
    return values.take(pa.array(first, mask=first < 0)), len(differing)


def distinct_items(
    rows: Ints, values: pa.Array, groups: Groups
) -> tuple[npt.NDArray[np.int32], Ints]:
    """The distinct items of each group, in the order in which they first appear.

    Args:
        rows: The row of each item, shape (items,); those of one row in their order.
        values: The items; nulls are none.
        groups: Of the rows.

    Returns:
        Where each group's items begin and end, shape (groups + 1,), and the places of the items
        in ``values``.
    """
    codes = _codes(values)
    known = np.flatnonzero(codes >= 0)
    known = known[np.argsort(rows[known], kind="stable")]
    owners = groups.of_row[rows[known]]
    pairs = owners * (codes.max(initial=0) + 1) + codes[known]
    once = np.sort(np.unique(pairs, return_index=True)[1])
    picked = known[once][np.argsort(owners[once], kind="stable")]
    counts = np.bincount(owners[once], minlength=groups.total)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), picked


def _codes(values: pa.Array) -> Ints:
    """Equal numbers for equal values, -1 for null."""
    indices = values.dictionary_encode().indices
    codes: Ints = indices.fill_null(-1).to_numpy().astype(np.int64)
    return codes
