"""Families of rankings that are cheap to cross-validate.

Each is linear in the weights of the seeds, or nearly so, and takes many sets of weights, the
folds, in one pass: so that hiding each seed in turn costs little more than ranking once.

Only an account's own acts lead to it, and complaints and replies lead nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from leeward.network._families.cosharing import CO_SHARING, co_sharing, co_sharing_of_accounts
from leeward.network._families.count import counted, lengths, origins, popularity, sums
from leeward.network._families.items import KINDS, touched_by
from leeward.network._families.walk import columns_of_walks

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.network._graph.csr import Int32, Int64
    from leeward.network._graph.graph import Graph

    Floats = npt.NDArray[np.float32]

__all__ = [
    "FAMILIES",
    "QUICK",
    "Family",
    "co_sharing",
    "cosine",
    "naive_bayes",
    "pagerank",
    "rankings",
    "rankings_of_accounts",
    "trust_ratio",
]

_INACTIVE: Final = 5.0
"""Added to what an account would have of walkers from everywhere, in walkers an account: so few
visits that came by chance win nothing where almost nobody comes."""
_LENGTH: Final = 4.0
"""Added to the squared length of what an account touched, in squared lengths of the average
account: so one touch is no likeness."""
_PRIOR: Final = 1.0
"""How many seeds a touch of everybody's likelihood is worth, beside the seeds that there are."""


class Family(Protocol):
    """A family of rankings."""

    def __call__(self, graph: Graph, seeds: Int32, weights: Floats) -> Floats:
        """Score accounts.

        Args:
            graph: The interaction graph.
            seeds: (seeds) Nodes, none twice: accounts, posts, media, tags, links, communities.
            weights: (seeds, folds) Above zero for offending ones, below for innocent ones, zero
                for those that are hidden in the fold.

        Returns:
            (nodes, folds) float32, comparable within a column; 0 where nothing leads.
        """


def pagerank(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """Personalised PageRank: expected visits of walkers from the seeds.

    Linear in the weights. See :mod:`leeward.network._families.walk`. Parameters and result as in
    :class:`Family`.
    """
    return _by_node(graph, _visits(graph, seeds, weights))


def trust_ratio(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """The logarithm of visits from the seeds over visits from everywhere.

    ``log(1 + x / (u + k))``, where ``x`` are the visits of walkers from the seeds as a share of
    the seeds' weights, times the number of accounts, and ``u`` the visits where one walker begins
    at each account. So who is visited by everybody gains nothing. Innocent seeds may make it
    negative. The ratio is that of Gyongyi, Garcia-Molina and Pedersen, "Combating Web Spam with
    TrustRank" (2004), turned round. Parameters and result as in :class:`Family`.
    """
    return _by_node(graph, _with_everywhere(graph, seeds, weights)[1])


def cosine(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """The cosine between what an account touched and what the seeds touched.

    Items are weighed by ``log((1 + accounts) / (1 + popularity))``; the length of what an account
    touched is smoothed. The numerator is linear in the weights. Parameters and result as in
    :class:`Family`.
    """
    return _by_node(graph, _cosine(graph, seeds, weights))


def _cosine(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    owner, touched, accounts = origins(graph), touched_by(graph, seeds, weights), graph.accounts()
    everybody = len(accounts)
    rarity = np.log((1 + everybody) / (1.0 + np.minimum(popularity(graph), everybody)))
    rarity = rarity.astype(np.float32)
    squares, _ = lengths(graph, rarity, owner)
    of_item = np.square(rarity[touched.node])[:, np.newaxis]
    of_part = np.repeat(np.arange(len(touched.node)), np.diff(touched.left.start))
    values = touched.weight * of_item
    others = values[of_part] - touched.left.weight * of_item[of_part]
    found = sums(graph, touched, owner, values, others)[accounts]
    average = squares.sum() / max(np.count_nonzero(squares), 1)
    found /= np.sqrt(np.maximum(squares[accounts] + _LENGTH * average, 1))[:, np.newaxis]
    length = np.sqrt(_by_fold(touched.weight * values))
    found /= np.where(length > 0, length, 1)
    return found


def naive_bayes(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    """Flat naive Bayes: the sum of what each touched item says by itself.

    An item that ``s`` of ``m`` seeds and ``n`` of ``N`` accounts touched says::

        log((s + a n / N) / (m + a)) - log((n - s + 1) / (N - m + 1))

    where it is above zero; one that innocent seeds touched takes as much away. Parameters and
    result as in :class:`Family`.
    """
    return _by_node(graph, _naive_bayes(graph, seeds, weights))


def _naive_bayes(graph: Graph, seeds: Int32, weights: Floats) -> Floats:
    owner, touched = origins(graph), touched_by(graph, seeds, weights)
    kinds = KINDS[graph.kind[touched.node]][:, np.newaxis]
    of_part = np.repeat(np.arange(len(touched.node)), np.diff(touched.left.start))
    total = _by_fold(np.maximum(weights, 0))
    everybody = len(graph.accounts())
    number = counted(graph, touched, owner)[:, np.newaxis]
    values = _log_ratio(touched.weight / kinds, total, number, everybody)
    without = (touched.weight[of_part] - touched.left.weight) / kinds[of_part]
    others = _log_ratio(without, total, number[of_part], everybody)
    return sums(graph, touched, owner, values, others)[graph.accounts()]


def _by_fold(values: Floats) -> Floats:
    """The sums of columns, each the same whatever stands beside it."""
    total: Floats = np.ascontiguousarray(values.T).sum(axis=1)
    return total


def _log_ratio(seeds: Floats, total: Floats, number: Int64, everybody: int) -> Floats:
    """What items say that some seeds (innocent ones below zero) and some accounts touched."""
    size = np.abs(seeds)
    inside = (size + _PRIOR * number / max(everybody, 1)) / (total + _PRIOR)
    outside = (np.maximum(number - size, 0) + 1) / (np.maximum(everybody - total, 0) + 1)
    found = np.log(np.maximum(inside, np.finfo(np.float32).tiny)) - np.log(outside)
    ratio: Floats = (np.sign(seeds) * np.maximum(found, 0)).astype(np.float32)
    return ratio


def _with_everywhere(graph: Graph, seeds: Int32, weights: Floats) -> tuple[Floats, Floats]:
    """(accounts, folds) Visits from the seeds, and the trust ratio."""
    folds = weights.shape[1]
    wider = np.pad(weights, ((0, 0), (0, 1)))
    everywhere = np.zeros(folds + 1, np.float32)
    everywhere[folds] = 1
    visits = _visits(graph, seeds, wider, everywhere)
    here, anywhere = visits[:, :folds], visits[:, folds:]
    total = _by_fold(np.maximum(weights, 0))
    scale = np.where(total > 0, len(graph.accounts()) / np.where(total > 0, total, 1), 0)
    ratio = here * scale.astype(np.float32)
    ratio /= anywhere + np.float32(_INACTIVE)
    return here, np.copysign(np.log1p(np.abs(ratio)), ratio)


def _visits(
    graph: Graph, seeds: Int32, weights: Floats, everywhere: Floats | None = None
) -> Floats:
    return columns_of_walks(graph, seeds, weights, everywhere)


def _by_node(graph: Graph, scores: Floats) -> Floats:
    """Scores of accounts in their rows, those of all other nodes 0."""
    found = np.zeros((len(graph.kind), scores.shape[1]), np.float32)
    found[graph.accounts()] = scores
    return found


def rankings(graph: Graph, seeds: Int32, weights: Floats) -> dict[str, Floats]:
    """The scores of all families by name, sooner than one family after the other.

    Parameters as in :class:`Family`. Each result takes four bytes a node and fold.
    """
    found = rankings_of_accounts(graph, seeds, weights)
    return {name: _by_node(graph, scores) for name, scores in found.items()}


def rankings_of_accounts(graph: Graph, seeds: Int32, weights: Floats) -> dict[str, Floats]:
    """The same by account alone, in the order of :meth:`Graph.accounts`, in less memory."""
    visits, ratio = _with_everywhere(graph, seeds, weights)
    return {
        "pagerank": visits,
        "trust ratio": ratio,
        "cosine": _cosine(graph, seeds, weights),
        "naive Bayes": _naive_bayes(graph, seeds, weights),
        CO_SHARING: co_sharing_of_accounts(graph, seeds, weights),
    }


FAMILIES: Final[Mapping[str, Family]] = {
    "pagerank": pagerank,
    "trust ratio": trust_ratio,
    "cosine": cosine,
    "naive Bayes": naive_bayes,
    CO_SHARING: co_sharing,
}
"""The families by name."""

QUICK: Final[Mapping[str, Family]] = {
    "cosine": _cosine,
    "naive Bayes": _naive_bayes,
    CO_SHARING: co_sharing_of_accounts,
}
"""Those that do not walk, by account alone, in the order of :meth:`Graph.accounts`."""
