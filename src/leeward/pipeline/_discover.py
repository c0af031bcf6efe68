"""From a log and a few confirmed starting points to a ranked network."""

from __future__ import annotations

import time
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from leeward.errors import LeewardError
from leeward.network import Act, Node, Prior, Seed, parse_seeds
from leeward.network import discover as rank
from leeward.pipeline._finding_priors import FindingPriors, finder, priors_from, said_in
from leeward.pipeline._found import Figures, Found, Histogram, Own, Size
from leeward.pipeline._graph import interaction_graph
from leeward.pipeline._notes import notes, of_findings, summary
from leeward.pipeline._priors import given_priors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from leeward.network import Discovery, Graph
    from leeward.store import Log

    Int32 = npt.NDArray[np.int32]

__all__ = ["discover"]

_BINS: Final = 40
_REFRESHED: Final = (
    "An earlier result was brought up to date: its size, its abstention and what each ranking "
    "counts are as they were found then."
)


def discover(
    log: Log,
    seeds: str | Iterable[str | Seed],
    *,
    shields: Mapping[str, str] | None = None,
    priors: Iterable[Prior | Mapping[str, Any] | Sequence[Any]] = (),
    findings: bool = True,
    previous: Found | None = None,
    limit: int = 1_000,
    progress: Callable[[str], None] = lambda _: None,
) -> Found:
    """Find the network behind a few confirmed accounts, media, posts or tags.

    Args:
        log: The event log.
        seeds: Starting points: :class:`~leeward.network.Seed`, or text as it stands in a file
            of seeds; or such a text as a whole.
        shields: Roles by account URI, under which only protective actions exist.
        priors: What others say: :class:`~leeward.network.Prior`, or rows of a subject,
            log-odds and a source.
        findings: Take what signals found in the log as priors, too. What ``priors`` say of the
            same subject stands in their place.
        previous: An earlier result from the same log: it is brought up to date where that is
            enough, which is several times as fast.
        limit: How many accounts the ranking holds.
        progress: Told what happens.

    Raises:
        InputError: A seed or a prior is not of the form.
        UsageError: The log knows none of the offending seeds.
    """
    begun = time.monotonic()
    given, said = _given(seeds), given_priors(priors)
    saving: list[str] = []
    rewritten = log.rewritten()
    graph = interaction_graph(
        log,
        progress=lambda events: progress(f"reading the log: {events:,} events"),
        note=saving.append,
    )
    heard = FindingPriors((), 0, ())
    if findings:
        progress("reading the findings")
        heard = _findings(log, graph, given, said, saving)
    progress(f"searching {len(graph.out.node):,} touches of {len(graph.kind):,} nodes")
    found = rank(
        graph,
        given,
        log.hasher,
        shields=shields,
        priors=[*said, *heard.priors],
        # After an erasure or expiry the graph is another one, and everything is counted anew.
        previous=previous.discovery.search
        if previous is not None and previous.rewritten == rewritten
        else None,
        limit=limit,
        progress=progress,
    )
    figures = _figures(graph, found, len(said), heard, time.monotonic() - begun)
    first = tuple(summary(figures, found))
    lost = sum(graph.find("account", uri, log.hasher) is None for uri in shields or {})
    more = notes(
        figures,
        found,
        seeds=len(given),
        priors=len(said),
        shields=(len(shields or {}), lost),
    )
    return Found(
        ranking=found.ranking,
        picture=found.picture,
        notes=(
            *first,
            *more,
            *of_findings(heard),
            *([_REFRESHED] if found.is_refreshed else []),
            *saving,
        ),
        figures=figures,
        histogram=_histogram(found.scores.log_odds),
        discovery=found,
        accounts=lambda: _names(graph, found.scores.nodes),
        two_hop=lambda: _names(graph, found.two_hop),
        summary=first,
        rewritten=rewritten,
    )


def _given(seeds: str | Iterable[str | Seed]) -> list[Seed]:
    if isinstance(seeds, str):
        return parse_seeds(seeds)
    given: dict[Seed, None] = {}  # the same one twice is one
    for place, item in enumerate(seeds):
        parts = [item] if isinstance(item, Seed) else parse_seeds(item, f"seeds[{place}]")
        given.update(dict.fromkeys(parts))
    return list(given)


def _findings(
    log: Log, graph: Graph, seeds: Sequence[Seed], said: Sequence[Prior], note: list[str]
) -> FindingPriors:
    """What signals found; where it cannot be read, the search goes on without, and says so."""
    confirmed = {seed for seed in seeds if seed.kind == "account" and seed.label == "offender"}
    find = finder(graph, log.hasher)
    known = {find(seed.kind, seed.name) for seed in confirmed} - {None}
    try:
        return priors_from(said_in(log), find, said, len(known))
    except LeewardError as error:
        note.append(f"What signals found was left out: {error.message}.")
        return FindingPriors((), 0, ())


def _figures(
    graph: Graph, found: Discovery, priors: int, heard: FindingPriors, seconds: float
) -> Figures:
    standing = graph.same_as == np.arange(len(graph.kind))  # a picture has several names
    kinds = np.bincount(graph.kind[standing], minlength=len(Node))
    tiers = [ranked.tier for ranked in found.ranking]
    return Figures(
        events=graph.events,
        accounts=int(kinds[Node.ACCOUNT]),
        items=int(kinds.sum() - kinds[Node.ACCOUNT]),
        touches=int(np.count_nonzero(graph.out.act != Act.CARRIES)),
        seeds=len(found.seeds),
        seeds_unknown=len(found.unknown),
        priors=priors - len(found.unknown_priors),
        priors_unknown=len(found.unknown_priors),
        findings=heard.findings,
        scored=len(found.scores.nodes),
        above_line=found.above_line,
        suspects=tiers.count("suspect"),
        ask_first=tiers.count("ask first"),
        cells=sum(len(cell.members) > 1 for cell in found.cells),
        size=_size(found),
        own=_own(found),
        abstained=found.search.abstained,
        two_hop=len(found.two_hop),
        seconds=seconds,
        last_seq=graph.last_seq,
    )


def _own(found: Discovery) -> Own | None:
    """Within no more accounts than there are."""
    if found.search.own is None:
        return None
    count, of, within = found.search.own
    return Own(count, of, min(within, len(found.scores.nodes)))


def _size(found: Discovery) -> Size | None:
    """In whole accounts, the interval not narrower than it was."""
    if found.search.own is None or found.search.abstained is not None:
        return None
    extent = found.search.extent
    return Size(round(extent.estimate), floor(extent.low), ceil(extent.high))


def _histogram(scores: npt.NDArray[np.float64]) -> Histogram:
    if not len(scores):
        return Histogram((0.0, 1.0), (0,))
    counts, edges = np.histogram(scores, _BINS)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def _names(graph: Graph, nodes: Int32) -> list[str]:
    names: list[str] = graph.names.take(pa.array(graph.named[nodes])).to_pylist()
    return names
