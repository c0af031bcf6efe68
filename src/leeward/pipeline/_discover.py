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
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy.typing as npt

    from leeward.network import Discovery, Graph, WalkSettings
    from leeward.store import Log

    Int32 = npt.NDArray[np.int32]

__all__ = ["discover"]

_BINS: Final = 40
_FEW: Final = 3
_ORDER_ONLY: Final = (
    "The scores order the accounts. They are no probabilities: no review has calibrated them, so "
    "nothing says at which rank the network ends."
)


def discover(
    log: Log,
    seeds: str | Iterable[str | Seed],
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
            of seeds; or such a text as a whole.
        shields: Roles by account URI, under which only protective actions exist.
        limit: How many accounts the ranking holds.
        settings: How the walk goes; for measurements.
        progress: Told what happens.

    Raises:
        InputError: A seed is not of the form.
        UsageError: The log knows none of the offending seeds.
    """
    begun = time.monotonic()
    given = _given(seeds)
    saving: list[str] = []
    graph = interaction_graph(
        log,
        progress=lambda events: progress(f"reading the log: {events:,} events"),
        note=saving.append,
    )
    progress(f"walking {len(graph.out.node):,} touches of {len(graph.kind):,} accounts and things")
    found = rank(graph, given, log.hasher, shields=shields, limit=limit, settings=settings)
    return Found(
        ranking=found.ranking,
        picture=found.picture,
        notes=(*_notes(graph, log, given, shields or {}, found), *saving),
        figures=_figures(graph, found, time.monotonic() - begun),
        histogram=_histogram(found.scores.scores),
        discovery=found,
        accounts=lambda: _names(graph, found.scores.nodes),
        two_hop=lambda: _names(graph, found.two_hop),
    )


def _given(seeds: str | Iterable[str | Seed]) -> list[Seed]:
    if isinstance(seeds, str):
        return parse_seeds(seeds)
    given: dict[Seed, None] = {}  # the same one twice is one
    for place, item in enumerate(seeds):
        parts = [item] if isinstance(item, Seed) else parse_seeds(item, f"seeds[{place}]")
        given.update(dict.fromkeys(parts))
    return list(given)


def _figures(graph: Graph, found: Discovery, seconds: float) -> Figures:
    standing = graph.same_as == np.arange(len(graph.kind))  # a picture has several names
    kinds = np.bincount(graph.kind[standing], minlength=len(Node))
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


def _histogram(scores: npt.NDArray[np.float32]) -> Histogram:
    if not len(scores):
        return Histogram((0.0, 1.0), (0,))
    counts, edges = np.histogram(np.log10(scores.astype(np.float64)), _BINS)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def _names(graph: Graph, nodes: Int32) -> list[str]:
    names: list[str] = graph.names.take(pa.array(graph.named[nodes])).to_pylist()
    return names


def _notes(
    graph: Graph, log: Log, given: list[Seed], shields: Mapping[str, str], found: Discovery
) -> Iterator[str]:
    yield _ORDER_ONLY
    if lost := len(found.unknown):
        are, were = ("is", "was") if lost == 1 else ("are", "were")
        yield f"{lost:,} of {len(given):,} seeds {are} not in the log and {were} left out."
    if lost := sum(graph.find("account", uri, log.hasher) is None for uri in shields):
        names = "names an account that is" if lost == 1 else "name accounts that are"
        yield f"{lost:,} of {len(shields):,} shields {names} not in the log."
    known = {*given}.difference(found.unknown)
    if sum(seed.label == "offender" for seed in known) <= _FEW:
        yield (
            "With so few seeds the ranking may follow what is peculiar to one of them. More "
            "confirmed accounts, or pictures, make it surer."
        )
