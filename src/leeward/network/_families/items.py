"""What accounts touched, for families of rankings that compare items without walking further.

An item is a post, something that posts carry, or an account that is followed. Two rules keep what
others do from telling against an account:

* What a *seed* touched: posts that it made, reposted or liked; pictures in posts that it made or
  reposted; tags, links and communities of posts that it made; accounts that it follows, and
  itself. A post given as a seed stands for what it carries as well.
* What *counts for an account*: posts of others that it reposted or liked, and its own only where
  the post itself is a seed; what the posts that it made or reposted carry, but for pictures that
  it was the first to post; accounts that it follows.

So an author is not led to by who reposts the post, nor by who copies its picture. Where a seed
touched a picture by reposting one author's posts and by nothing else, that touch is left out of
what counts for this author; and what a seed itself touched is left out of what counts for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._graph.acts import ACTS, Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Bools, Csr, Int32, Int64
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = ["BY_ACT", "BY_KIND", "KINDS", "Left", "Touched", "touched_by"]

_LIKES: Final = 0.3
_FOLLOWS: Final = 0.1
KINDS: Final = np.array([_FOLLOWS, 1.0, 1.0, 0.4, 0.6, 0.05], np.float32)
"""How much an item counts, by kind of node; a post that was liked, ``_LIKES`` as much."""
_ACT: Final = np.zeros(ACTS, np.float32)
_ACT[[Act.AUTHORED, Act.REPOSTED, Act.LIKED]] = 1, 1, _LIKES
BY_ACT: Final = tuple(_ACT.tolist())
BY_KIND: Final = tuple(KINDS.tolist())

_ACCOUNT: Final = int(Node.ACCOUNT)
_POST: Final = int(Node.POST)
_MEDIA: Final = int(Node.MEDIA)


class Left(NamedTuple):
    """Parts that are left out for one account at one item, by item.

    Attributes:
        start: (items + 1) Those of item ``i`` stand from ``start[i]`` to ``start[i + 1]``.
        account: Whom they are left out for.
        weight: (parts, folds) What is left out of the item's ``weight``.
    """

    start: Int64
    account: Int32
    weight: Floats


class Touched(NamedTuple):
    """What some seeds touched.

    Attributes:
        node: (items) The items, in rising order.
        given: (items) Whether it stands for an item that is itself a seed; a post that is one
            and was touched by another seed stands there twice.
        weight: (items, folds) How much the seeds touched it: the sum of their weights, each by
            how much its touch counts.
        left: What is left out, and for whom.
    """

    node: Int32
    given: Bools
    weight: Floats
    left: Left


class _Touches(NamedTuple):
    """Touches, one a place: which seed touched what, how strongly, and by whose posts alone."""

    seed: Int64
    item: Int32
    given: Bools
    weight: Floats
    by: Int32

    @classmethod
    def of(
        cls,
        seed: Int64,
        item: Int32,
        weight: Floats,
        by: Int32 | None = None,
        *,
        given: bool = False,
    ) -> _Touches:
        nobody = np.full(len(seed), -1, np.int32)
        flags = np.full(len(seed), given)
        return cls(seed, item, flags, weight, nobody if by is None else by)


def touched_by(graph: Graph, seeds: Int32, weights: Floats) -> Touched:
    """What some seeds touched, each thing once by each seed.

    Args:
        graph: The interaction graph.
        seeds: (seeds) Nodes, none twice.
        weights: (seeds, folds) Their weights.
    """
    touches = _once(_touches(graph, seeds))
    key = touches.item.astype(np.int64) * 2 + touches.given
    keys, item = np.unique(key, return_inverse=True)
    own = weights[touches.seed]
    weight = _summed(item, own * touches.weight[:, np.newaxis], len(keys))
    return Touched(
        (keys // 2).astype(np.int32),
        keys % 2 == 1,
        weight,
        _left(graph, seeds[touches.seed], touches, item, own, len(keys)),
    )


def _touches(graph: Graph, seeds: Int32) -> _Touches:
    kind = graph.kind
    people = np.flatnonzero(kind[seeds] == _ACCOUNT)
    others = np.flatnonzero(kind[seeds] != _ACCOUNT)
    itself = np.full(len(people), _FOLLOWS, np.float32)
    parts = [
        _Touches.of(people, seeds[people], itself),
        _Touches.of(others, seeds[others], KINDS[kind[seeds[others]]], given=True),
    ]
    seed, edge = _edges(graph.out, seeds[people], people)
    node, act = graph.out.node[edge], graph.out.act[edge]
    acted = act <= Act.LIKED
    parts.append(_Touches.of(seed[acted], node[acted], _ACT[act[acted]]))
    followed = act == Act.FOLLOWED
    parts.append(
        _Touches.of(seed[followed], node[followed], np.full(followed.sum(), _FOLLOWS, np.float32))
    )
    shown = act <= Act.REPOSTED
    by = np.where(act == Act.AUTHORED, -1, graph.author[node])[shown]
    parts.append(_carried(graph, seed[shown], node[shown], act[shown] == Act.AUTHORED, by))
    posts = others[kind[seeds[others]] == _POST]
    whole = np.ones(len(posts), np.bool_)
    parts.append(_carried(graph, posts, seeds[posts], whole, np.full(len(posts), -1, np.int32)))
    return _Touches(
        np.concatenate([part.seed for part in parts]),
        np.concatenate([part.item for part in parts]),
        np.concatenate([part.given for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.by for part in parts]),
    )


def _carried(graph: Graph, seed: Int64, post: Int32, made: Bools, by: Int32) -> _Touches:
    """What posts carry; only the pictures of those that a seed did not make."""
    place, edge = _edges(graph.out, post, np.arange(len(post)))
    thing = graph.out.node[edge]
    kept = made[place] | (graph.kind[thing] == _MEDIA)
    place, thing = place[kept], thing[kept]
    return _Touches.of(seed[place], thing, KINDS[graph.kind[thing]], by[place])


def _edges(csr: Csr, nodes: Int32, names: Int64) -> tuple[Int64, Int64]:
    """The places of all edges of some nodes, and the name of the node of each."""
    begin = csr.start[nodes]
    length = csr.start[nodes.astype(np.int64) + 1] - begin
    shift = np.repeat(begin - np.cumsum(length) + length, length)
    return np.repeat(names, length), shift + np.arange(len(shift))


def _once(touches: _Touches) -> _Touches:
    """Each item once by each seed, by its strongest touch."""
    if not len(touches.seed):
        return touches
    order = np.lexsort((touches.given, touches.item, touches.seed))
    seed, item, given = touches.seed[order], touches.item[order], touches.given[order]
    weight, by = touches.weight[order], touches.by[order]
    new = np.ones(len(seed), np.bool_)
    new[1:] = (np.diff(seed) != 0) | (np.diff(item) != 0) | (given[1:] != given[:-1])
    first = np.flatnonzero(new)
    low, high = np.minimum.reduceat(by, first), np.maximum.reduceat(by, first)
    alone = np.where(low == high, low, -1).astype(np.int32)
    strongest = np.maximum.reduceat(weight, first)
    return _Touches(seed[first], item[first], given[first], strongest, alone)


def _summed(place: Int64, values: Floats, count: int) -> Floats:
    """The sums of rows by place."""
    total = np.zeros((count, values.shape[1]), np.float32)
    for fold in range(values.shape[1]):
        total[:, fold] = np.bincount(place, values[:, fold], count)
    return total


def _left(
    graph: Graph, seed: Int32, touches: _Touches, item: Int64, own: Floats, items: int
) -> Left:
    """What is left out for seeds and for the authors of what they reposted."""
    people = np.flatnonzero(graph.kind[seed] == _ACCOUNT)
    reposted = np.flatnonzero((touches.by >= 0) & (touches.by != seed))
    which = np.concatenate([people, reposted])
    account = np.concatenate([seed[people], touches.by[reposted]]).astype(np.int64)
    key = item[which] * len(graph.kind) + account
    keys, place = np.unique(key, return_inverse=True)
    by_item = keys // max(len(graph.kind), 1)
    return Left(
        np.searchsorted(by_item, np.arange(items + 1)),
        (keys % max(len(graph.kind), 1)).astype(np.int32),
        _summed(place, own[which] * touches.weight[which][:, np.newaxis], len(keys)),
    )
