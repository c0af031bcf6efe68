"""What a discovery begins with, by node: seeds, priors and shields."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.errors import UsageError
from leeward.model import fold_tag
from leeward.network._graph.acts import Node
from leeward.network._graph.graph import Trait
from leeward.network._types import MOST_LOG_ODDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leeward.model import Hasher, LabelWord
    from leeward.network._graph.csr import Int32
    from leeward.network._graph.graph import Graph
    from leeward.network._types import Prior, Seed

__all__ = ["INNOCENT", "PROTECTED", "Known", "known", "roles_of"]

PROTECTED: Final = "protected"
"""The shield of an account that the platform holds to be a minor's. It does not say so: whether
a person is a minor stays out of every export."""

INNOCENT: Final = "confirmed innocent"
"""The shield of an account that was given as an innocent seed."""

_OF_MINORS: Final = ("child", "minor")
"""Roles that say that a person is a minor."""


class Known(NamedTuple):
    """What the log knows of seeds and priors.

    Attributes:
        nodes: The nodes of the seeds that it knows, in their order.
        labels: By node of a seed.
        weights: By node of a seed: above 0 for offenders, below for innocents.
        odds: By node of a prior: log-odds.
        sources: By node of a prior: who says so.
        unknown: The seeds that it does not know.
        unknown_priors: The priors about what it does not know.
    """

    nodes: tuple[int, ...]
    labels: dict[int, LabelWord]
    weights: dict[int, float]
    odds: dict[int, float]
    sources: dict[int, list[str]]
    unknown: tuple[Seed, ...]
    unknown_priors: tuple[Prior, ...]

    def offenders(self, graph: Graph) -> Int32:
        """The accounts among the offending seeds."""
        return np.array(
            sorted(
                node
                for node, label in self.labels.items()
                if label == "offender" and graph.kind[node] == Node.ACCOUNT
            ),
            np.int32,
        )


def known(graph: Graph, seeds: Sequence[Seed], priors: Sequence[Prior], hasher: Hasher) -> Known:
    """Look up seeds and priors. Two names of one thing add up, and so do priors, up to 20.

    Raises:
        UsageError: No seed is an offender's, the log knows none of these, or two contradict each
            other.
    """
    given = Known((), {}, defaultdict(float), defaultdict(float), defaultdict(list), (), ())
    nodes = {seed: _node(graph, seed, hasher) for seed in seeds}
    for seed, node in nodes.items():
        if node is None:
            continue
        if given.labels.setdefault(node, seed.label) != seed.label:
            raise UsageError(
                "a seed is given as an offender and as innocent",
                hint="decide which it is; a picture may stand there by its handle and by a hash",
            )
        given.weights[node] += seed.weight if seed.label == "offender" else -seed.weight
    if "offender" not in given.labels.values():
        raise _nothing_to_begin_with(graph, seeds)
    unknown_priors = []
    for prior in priors:
        node = _node(graph, prior, hasher)
        if node is None:
            unknown_priors.append(prior)
            continue
        given.odds[node] += prior.log_odds
        given.sources[node].append(prior.source)
    for node, odds in given.odds.items():  # what many say is no surer than one may be
        given.odds[node] = min(max(odds, -MOST_LOG_ODDS), MOST_LOG_ODDS)
    return given._replace(
        nodes=tuple(node for node in nodes.values() if node is not None),
        unknown=tuple(seed for seed in seeds if nodes[seed] is None),
        unknown_priors=tuple(unknown_priors),
    )


def _nothing_to_begin_with(graph: Graph, seeds: Sequence[Seed]) -> UsageError:
    if not any(seed.label == "offender" for seed in seeds):
        return UsageError(
            "all seeds are given as innocent" if seeds else "no seed is given",
            hint="a search begins with what belongs to the network: give one account:URI, "
            "post:URI, media:HASH or tag:WORD or more, one a line",
        )
    if not graph.events:
        return UsageError(
            "the log holds no events", hint="put some in first: leeward ingest PATH --data DIR"
        )
    return UsageError(
        "the log knows none of the offending seeds",
        hint="give URIs as events have them, one a line: account:URI, post:URI, media:HASH "
        "or tag:WORD",
    )


def roles_of(
    graph: Graph, labels: Mapping[int, LabelWord], hasher: Hasher, shields: Mapping[str, str]
) -> dict[int, str]:
    """The shields of accounts by node: from the platform, from seeds, and from the operator."""
    minors = np.flatnonzero(graph.traits & Trait.MINOR).tolist()
    roles = dict.fromkeys(minors, PROTECTED)
    roles |= {node: INNOCENT for node, label in labels.items() if label == "innocent"}
    named = {graph.find("account", uri, hasher): role for uri, role in shields.items()}
    return roles | {
        node: PROTECTED if role.strip().lower() in _OF_MINORS else role
        for node, role in named.items()
        if node is not None
    }


def _node(graph: Graph, subject: Seed | Prior, hasher: Hasher) -> int | None:
    name = fold_tag(subject.name) if subject.kind == "tag" else subject.name
    return graph.find(subject.kind, name, hasher)
