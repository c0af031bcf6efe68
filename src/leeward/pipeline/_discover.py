"""From a log and a few confirmed starting points to a ranked network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from leeward.network import Act, Node, Seed, parse_seeds
from leeward.network import discover as rank
from leeward.pipeline._found import Figures, Found, Histogram
from leeward.pipeline._graph import interaction_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from leeward.network import Discovery, Graph, WalkSettings
    from leeward.store import Log

__all__ = ["discover"]

_BINS: Final = 40
_FEW: Final = 3
_ORDER_ONLY: Final = (
    "The scores order the accounts. They are no probabilities: no review has calibrated them, so "
    "nothing says at which rank the network ends."
)


def discover(
    log: Log,
    seeds: Iterable[str | Seed],
    *,
    shields: Mapping[str, str] | None = None,
    limit: int = 1_000,
    settings: WalkSettings | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Find the network behind a few confirmed accounts, media, posts or tags.

    Args:
        log: The event log.
        seeds: Starting points: :class:`~leeward.network.Seed`, or text as it stands in a file
            of seeds.
        shields: Roles by account URI, under which only protective actions exist.
        limit: How many accounts the ranking holds.
        settings: How the walk goes; for measurements.
        progress: Told what happens.

    Raises:
        InputError: A seed is not of the form.
        UsageError: The log knows none of the offending seeds.
    """
    begun = time.monotonic()
    given = [
        seed for item in seeds for seed in ([item] if isinstance(item, Seed) else parse_seeds(item))
    ]
    graph = interaction_graph(
        log, progress=lambda events: progress(f"reading the log: {events:,} events")
    )
    progress(f"walking {len(graph.out.node):,} touches of {len(graph.kind):,} accounts and things")
    found = rank(graph, given, log.hasher, shields=shields, limit=limit, settings=settings)
    return Found(
        ranking=found.ranking,
        picture=found.picture,
        notes=tuple(_notes(given, found)),
        figures=_figures(graph, found, time.monotonic() - begun),
        histogram=_histogram(found.scores.scores),
        discovery=found,
        accounts=lambda: _names(graph, found),
    )


def _figures(graph: Graph, found: Discovery, seconds: float) -> Figures:
    kinds = np.bincount(graph.kind, minlength=len(Node))
    return Figures(
        events=graph.events,
        accounts=int(kinds[Node.ACCOUNT]),
        items=int(kinds.sum() - kinds[Node.ACCOUNT]),
        touches=int(np.count_nonzero(graph.out.act != Act.CARRIES)),
        seeds=len(found.seeds),
        seeds_unknown=len(found.unknown),
        reached=len(found.scores.nodes),
        suspects=sum(ranked.tier == "suspect" for ranked in found.ranking),
        two_hop=len(found.two_hop),
        seconds=seconds,
        last_seq=graph.last_seq,
    )


def _histogram(scores: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Histogram:
    if not len(scores):
        return Histogram((0.0, 1.0), (0,))
    counts, edges = np.histogram(np.log10(scores), _BINS)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def _names(graph: Graph, found: Discovery) -> list[str]:
    names: list[str] = graph.names.take(pa.array(graph.named[found.scores.nodes])).to_pylist()
    return names


def _notes(given: list[Seed], found: Discovery) -> list[str]:
    notes = [_ORDER_ONLY]
    if found.unknown:
        notes.append(
            f"{len(found.unknown)} of {len(given)} seeds are not in the log and were left out."
        )
    if len(found.seeds) <= _FEW:
        notes.append(
            "With so few seeds the ranking may follow what is peculiar to one of them. More "
            "confirmed accounts, or pictures, make it surer."
        )
    return notes
