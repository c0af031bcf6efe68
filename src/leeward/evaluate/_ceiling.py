"""The oracle's ceiling: how well the ring could be told by somebody who knows every tainted item.

A model learns from half of the truth what members do with tainted items and what bystanders do,
and says it of the other half. What it cannot tell, no ranking can: who acts once, as a passer-by
does. It needs scikit-learn, which ``pip install leeward[evaluate]`` brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.errors import DependencyDown, InputError
from leeward.evaluate._measures import ranking_measures
from leeward.network import Act, Node

if TYPE_CHECKING:
    import os

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network import Graph

    Int32 = npt.NDArray[np.int32]
    Int64 = npt.NDArray[np.int64]
    Doubles = npt.NDArray[np.float64]
    Floats = npt.NDArray[np.float32]
    Bools = npt.NDArray[np.bool_]

__all__ = ["PRECISION", "Ceiling", "ceiling", "features", "read_tainted"]

PRECISION: Final = 0.99
"""The precision at which the recall is given."""

_ITEMS: Final = ("post", "media", "tag", "link", "community")
_KINDS: Final = (Node.MEDIA, Node.TAG, Node.LINK, Node.COMMUNITY)
_ACTED: Final = (Act.AUTHORED, Act.REPOSTED, Act.LIKED, Act.REPLIED, Act.JOINED)
_PEOPLE: Final = (Act.FOLLOWED, Act.MENTIONED)
_NEVER: Final = 2.0**32
"""Seconds: later than any act."""


class Ceiling(NamedTuple):
    """What the oracle reaches.

    Attributes:
        probabilities: (accounts) Of each account, by a model that did not see its truth.
        average_precision: None where there is no ring.
        recall: At the longest list whose precision is ``PRECISION``; 0 where there is none.
    """

    probabilities: Doubles
    average_precision: float | None
    recall: float


def read_tainted(path: str | os.PathLike[str], graph: Graph, hasher: Hasher) -> Int32:
    """The nodes of the items that a ``tainted.parquet`` names; those not in the graph are left out.

    Raises:
        InputError: It is not one.
    """
    try:
        table = pq.read_table(path, columns=["kind", "subject"])
        if {*table.schema.types} != {pa.string()}:
            raise pa.ArrowTypeError("the columns are no text")
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the tainted items cannot be read",
            where=str(path),
            hint="give the tainted.parquet that `leeward simulate` wrote",
        ) from error
    pairs = zip(table["kind"].to_pylist(), table["subject"].to_pylist(), strict=True)
    found = {graph.find(kind, subject, hasher) for kind, subject in pairs if kind in _ITEMS}
    return np.array(sorted(node for node in found if node is not None), np.int32)


def ceiling(graph: Graph, accounts: Int32, ring: Bools, tainted: Int32, seed: int = 0) -> Ceiling:
    """What an oracle reaches.

    Args:
        graph: The interaction graph.
        accounts: (accounts) The nodes that count.
        ring: (accounts) Which of them belong to the ring.
        tainted: The nodes of all tainted items.
        seed: Draws the halves.

    Raises:
        DependencyDown: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError:
        raise DependencyDown(
            "the oracle's ceiling needs scikit-learn",
            hint="pip install 'leeward[evaluate]'",
        ) from None
    known = features(graph, tainted)[accounts]
    half = _halves(ring, seed)
    probabilities = np.zeros(len(accounts))
    for learned in (half, ~half):
        if ring[learned].any() and not ring[learned].all():
            model: Any = HistGradientBoostingClassifier(
                max_iter=200,
                learning_rate=0.05,
                min_samples_leaf=20,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=seed,
            )
            model.fit(known[learned], ring[learned])
            probabilities[~learned] = model.predict_proba(known[~learned])[:, 1]
    measures = ranking_measures(probabilities, ring, ())
    return Ceiling(probabilities, measures.average_precision, recall_at(probabilities, ring))


def recall_at(scores: Doubles, ring: Bools, precision: float = PRECISION) -> float:
    """The recall of the longest list of a precision; accounts of one score stand in it together."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, [True])[: len(scores)]
    hits = np.cumsum(ring[order])
    good = last & (hits >= precision * np.arange(1, len(scores) + 1))
    return float(hits[good].max() / hits[-1]) if good.any() and hits[-1] else 0.0


def _halves(ring: Bools, seed: int) -> Bools:
    """A half of the ring and a half of all others, drawn at random."""
    rng = np.random.default_rng(seed)
    half = np.zeros(len(ring), np.bool_)
    for members in (np.flatnonzero(ring), np.flatnonzero(~ring)):
        half[rng.permutation(members)[: len(members) // 2]] = True
    return half


def features(graph: Graph, tainted: Int32) -> Floats:
    """What an account did with tainted items, and what else it did.

    Returns:
        (nodes, features) float32; rows of nodes that are no accounts mean nothing.
    """
    acts = _Acts(graph, tainted)
    columns = [
        *(acts.count(act) for act in Act if act != Act.CARRIES),
        *(acts.count(act, acts.bad) for act in (*_ACTED, Act.FLAGGED, Act.ARGUED)),
        *(acts.count(act, acts.to_sharer) for act in _PEOPLE),
        *(acts.things(kind, shown) for kind in _KINDS for shown in (Act.AUTHORED, Act.REPOSTED)),
        acts.others(),
        *acts.rarity(),
        *acts.delays(),
        acts.received(),
    ]
    whole = np.stack(columns, axis=1)
    made = sum(columns[act] for act in _ACTED)
    bad = sum(columns[len(Act) - 1 + place] for place in range(len(_ACTED)))
    share = np.divide(bad, made, out=np.zeros_like(made), where=made > 0)
    result: Floats = np.column_stack([whole, share]).astype(np.float32)
    return result


class _Acts:
    """All acts of accounts, with what is tainted among their targets."""

    def __init__(self, graph: Graph, tainted: Int32) -> None:
        self._graph, self._count = graph, len(graph.kind)
        degrees = graph.out.degrees()
        source = np.repeat(np.arange(self._count, dtype=np.int32), degrees)
        carries = graph.out.act == Act.CARRIES
        self._dirty = np.zeros(self._count, np.bool_)
        self._dirty[tainted] = True
        post, thing = source[carries], graph.out.node[carries]
        # A picture says it of each post that shows it; a tag or a link may be used by anybody.
        media = self._dirty[thing] & (graph.kind[thing] == Node.MEDIA)
        self._bad_posts = self._dirty & (graph.kind == Node.POST)
        self._bad_posts[post[media]] = True
        self.source, self.target = source[~carries], graph.out.node[~carries]
        self.act, self._at = graph.out.act[~carries], graph.out.at[~carries]
        self.bad = self._bad_posts[self.target]
        sharers = np.zeros(self._count, np.bool_)
        sharers[self.source[self.bad & (self.act <= Act.REPOSTED)]] = True
        self.to_sharer = sharers[self.target]

    def _sum(self, source: Int32, weights: Doubles | None = None) -> Doubles:
        return np.bincount(source, weights, self._count).astype(np.float64)

    def count(self, act: Act, where: Bools | None = None) -> Doubles:
        """Acts of a kind, on some targets."""
        chosen = self.act == act
        return self._sum(self.source[chosen if where is None else chosen & where])

    def things(self, kind: Node, act: Act) -> Doubles:
        """Distinct tainted things in the posts that an account made, or reposted."""
        graph = self._graph
        chosen = self.act == act
        who, post = self.source[chosen], self.target[chosen]
        length = graph.out.degrees()[post]
        begin = graph.out.start[post]
        edge = np.repeat(begin - np.cumsum(length) + length, length) + np.arange(length.sum())
        thing, who = graph.out.node[edge], np.repeat(who, length)
        kept = self._dirty[thing] & (graph.kind[thing] == kind)
        return self._distinct(who[kept], thing[kept])

    def _distinct(self, who: Int32, what: Int32) -> Doubles:
        pairs = np.unique(who.astype(np.int64) * self._count + what)
        return self._sum((pairs // max(self._count, 1)).astype(np.int32))

    def others(self) -> Doubles:
        """Distinct other authors of the tainted posts that an account reposted or liked."""
        chosen = self.bad & np.isin(self.act, (Act.REPOSTED, Act.LIKED))
        who, author = self.source[chosen], self._graph.author[self.target[chosen]]
        foreign = (author >= 0) & (author != who)
        return self._distinct(who[foreign], author[foreign])

    def rarity(self) -> list[Doubles]:
        """Of the tainted posts that an account shared: how few did so, in sum and at the most."""
        chosen = self.bad & (self.act <= Act.LIKED)
        degree = np.bincount(self.target[self.act <= Act.LIKED], minlength=self._count)
        rare = 1 / np.log(degree[self.target[chosen]] + 2.0)
        most = np.zeros(self._count)
        np.maximum.at(most, self.source[chosen], rare)
        return [self._sum(self.source[chosen], rare), most]

    def delays(self) -> list[Doubles]:
        """Seconds from a tainted post to what an account did with it: the least, and the mean."""
        graph = self._graph
        made = np.full(self._count, _NEVER)
        authored = self.act == Act.AUTHORED
        np.minimum.at(made, self.target[authored], self._at[authored])
        chosen = self.bad & np.isin(self.act, (Act.REPOSTED, Act.LIKED, Act.REPLIED))
        who = self.source[chosen]
        delay = np.clip(self._at[chosen] - made[self.target[chosen]], 0, _NEVER)
        least = np.full(len(graph.kind), _NEVER)
        np.minimum.at(least, who, delay)
        times = np.maximum(self._sum(who), 1)
        return [least, self._sum(who, np.log1p(delay)) / times]

    def received(self) -> Doubles:
        """Acts of others on the tainted posts of an account."""
        chosen = self.bad & np.isin(self.act, (Act.REPOSTED, Act.LIKED))
        author = self._graph.author[self.target[chosen]]
        return self._sum(author[author >= 0])
