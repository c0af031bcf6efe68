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
MOST: Final = 20
_ALIKE: Final = 0.5
_WITHIN: Final = 2
_BETWEEN: Final = 1


class Cells(NamedTuple):
    """Every account of a picture, in exactly one place.

    Attributes:
        members: The cells, the largest first; in each the accounts by their places, rising.
        loose: Accounts in no cell of at least three, or in one too small to be drawn beside twenty.
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
        and min(tie.a, tie.b) >= 0
        and max(tie.a, tie.b) < accounts
        and math.isfinite(tie.weight)
        and tie.weight > 0
    ]


def find_cells(accounts: int, ties: Sequence[Tie]) -> Cells:
    """Part the accounts into cells, the same way each time.

    Blondel and others, Fast unfolding of communities in large networks (2008), by networkx. It
    halves a crowd that holds most of all ties; such halves are joined again.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(accounts))
    graph.add_weighted_edges_from((tie.a, tie.b, tie.weight) for tie in ties)
    found = _rejoined(nx.community.louvain_communities(graph, weight="weight", seed=1), ties)
    large = sorted(
        (tuple(sorted(members)) for members in found if len(members) >= SMALLEST),
        key=lambda members: (-len(members), members),
    )
    whole = tuple(large[:MOST])
    placed = {place for members in whole for place in members}
    return Cells(whole, tuple(sorted(set(range(accounts)) - placed)))


def _rejoined(found: list[set[int]], ties: Sequence[Tie]) -> list[set[int]]:
    """Join groups that are about as dense between each other as within, the clearest first."""
    groups = list(found)
    while True:
        of = {place: number for number, members in enumerate(groups) for place in members}
        weight: dict[tuple[int, int], float] = defaultdict(float)
        for tie in ties:
            first, second = sorted((of[tie.a], of[tie.b]))
            weight[first, second] += tie.weight
        size = [len(members) for members in groups]
        within = [weight[i, i] / max(n * (n - 1) / 2, 1) for i, n in enumerate(size)]
        alike = {
            (i, j): total / (size[i] * size[j]) / max(within[i], within[j], 1e-300)
            for (i, j), total in weight.items()
            if i != j and min(size[i], size[j]) >= SMALLEST
        }
        if not alike or max(alike.values()) < _ALIKE:
            return groups
        i, j = max(alike, key=lambda pair: (alike[pair], pair))
        groups[i] |= groups.pop(j)


def backbone(ties: Sequence[Tie], cells: Cells) -> list[Tie]:
    """The ties that show the structure: few enough that it can be seen.

    Kept are the two strongest ties of each account within its cell, what holds each cell
    together, and the strongest between any two cells.
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
