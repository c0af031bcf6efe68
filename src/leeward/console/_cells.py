"""Groups of accounts with more ties among themselves than to others, and the ties worth drawing."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.network import Tie

__all__ = ["Cells", "backbone", "find_cells", "letters", "usable"]

SMALLEST: Final = 3
_WITHIN: Final = 3
_BETWEEN: Final = 2


class Cells(NamedTuple):
    """Every account of a picture, in exactly one place.

    Attributes:
        members: The cells, the largest first; in each the accounts by their places, rising.
        loose: Accounts in no cell of at least three.
    """

    members: tuple[tuple[int, ...], ...]
    loose: tuple[int, ...]

    @property
    def of(self) -> dict[int, int]:
        """The cell of each account that is in one."""
        return {place: cell for cell, members in enumerate(self.members) for place in members}


def usable(ties: Iterable[Tie], accounts: int) -> list[Tie]:
    """The ties that join two different accounts of the picture and have a weight."""
    return [
        tie
        for tie in ties
        if tie.a != tie.b
        and 0 <= min(tie.a, tie.b)
        and max(tie.a, tie.b) < accounts
        and math.isfinite(tie.weight)
        and tie.weight > 0
    ]


def find_cells(accounts: int, ties: Sequence[Tie]) -> Cells:
    """Part the accounts into cells, the same way each time.

    Blondel and others, Fast unfolding of communities in large networks (2008), by networkx.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(accounts))
    graph.add_weighted_edges_from((tie.a, tie.b, tie.weight) for tie in ties)
    found = nx.community.louvain_communities(graph, weight="weight", seed=1)
    whole = sorted(
        (tuple(sorted(members)) for members in found if len(members) >= SMALLEST),
        key=lambda members: (-len(members), members),
    )
    placed = {place for members in whole for place in members}
    return Cells(tuple(whole), tuple(sorted(set(range(accounts)) - placed)))


def backbone(ties: Sequence[Tie], cells: Cells) -> list[Tie]:
    """The ties that show the structure: few enough that it can be seen.

    Kept are the three strongest ties of each account within its cell, what holds each cell
    together, and the two strongest between any two cells.
    """
    of = cells.of
    strongest = sorted(range(len(ties)), key=lambda number: (-ties[number].weight, number))
    kept: set[int] = set()
    drawn: dict[int, int] = defaultdict(int)
    crossing: dict[tuple[int, int], int] = defaultdict(int)
    joined = nx.utils.UnionFind()
    for number in strongest:
        a, b = ties[number].a, ties[number].b
        if of.get(a) == of.get(b):
            if min(drawn[a], drawn[b]) < _WITHIN or joined[a] != joined[b]:
                kept.add(number)
                drawn[a] += 1
                drawn[b] += 1
                joined.union(a, b)
        else:
            first, second = sorted((of.get(a, -1), of.get(b, -1)))
            if crossing[first, second] < _BETWEEN:
                kept.add(number)
                crossing[first, second] += 1
    return [ties[number] for number in sorted(kept)]


def letters(number: int) -> str:
    """A, B ... Z, AA, AB ... for 0, 1 ..."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
