"""Suspects split into cells: who shares tainted things with whom, and which groups that makes.

Two suspects are tied by each tainted thing that both touched, with the weight::

    t_j w_a w_b / (n_j - 1)

for the probability ``t_j`` that the thing is tainted, the weights ``w`` of their touches, and the
weight ``n_j`` of all touches of the thing: what is viral ties nobody (the weights of Newman,
"Scientific collaboration networks II", 2001). The probability counts all touches, those of both
among them, so that it is the same from either side. Each suspect keeps its strongest ties.

The ties are split by the Leiden algorithm (Traag, Waltman and van Eck, "From Louvain to Leiden:
guaranteeing well-connected communities", 2019), which maximises the modularity at a resolution.
Groups can be found in noise, too. So the same is done where each suspect touched as many things
and each thing was touched by as many suspects, but which by which is drawn by lot. Of the
resolutions, the modularity should be the furthest above that; where several are about equal, the
lowest is taken, which makes the fewest groups. Where none is clearly above, suspects are split by
nothing but having no tie.

What comes first decides between equals, in the algorithm and in the lots. So things stand in the
order in which the log met them, as suspects should, and the numbers of nodes decide nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import graspologic_native
import numpy as np

from leeward.model import kernel

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._graph.csr import Int32, Int64
    from leeward.network._touches.touches import Rows, Touches

    Doubles = npt.NDArray[np.float64]
    UInt32 = npt.NDArray[np.uint32]

__all__ = ["Split", "entries", "split"]

STRONGEST: Final = 30
"""Ties that each suspect keeps. One is kept where either side keeps it."""
RESOLUTIONS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""From a few large groups to many small ones."""
DRAWS: Final = 2
"""How often touches are drawn by lot."""
_CLEAR: Final = 0.02
"""Differences of modularity that are taken for none: about the range of six draws of 120
suspects."""
_LEAST: Final = 0.05
"""What is less likely to be tainted ties nobody."""
_WORK: Final = 1_000_000_000
"""Pairs that are looked at, at most; the things that most suspects touched are left out first.
They tie any two of them least."""
_SEED: Final = 20191


class Split(NamedTuple):
    """The groups of suspects.

    Attributes:
        label: (suspects) The group of each: 0 is the largest.
        resolution: What they were found at; 0 where only having no tie parts them.
        above: By resolution, how far the modularity is above that of touches by lot; 0 at 0.
    """

    label: Int32
    resolution: float
    above: dict[float, float]


class _Ties(NamedTuple):
    """A symmetrical graph of suspects in compressed sparse rows."""

    start: Int64
    other: Int32
    weight: Doubles


class _Shared(NamedTuple):
    """Touches of suspects on tainted things, sorted by thing, then by suspect.

    Attributes:
        thing: Places among the things that tie.
        suspect: Places among the suspects.
        weight: Of the touch.
        value: (things) What each thing adds to a tie.
        suspects: How many there are.
    """

    thing: Int32
    suspect: Int32
    weight: Doubles
    value: Doubles
    suspects: int


def split(touches: Touches, suspects: Int32, tainted: Doubles) -> Split:
    """Split suspects into groups.

    Args:
        touches: Who touched what.
        suspects: Places of accounts, in an order that is the same in any build of the graph.
        tainted: (things) The probability that each is tainted, rounded for the same reason.
    """
    shared = _shared(touches, suspects, tainted)
    ties = _ties(shared)
    rng = np.random.default_rng(_SEED)
    lots = [_ties(_by_lot(shared, rng)) for _ in range(DRAWS)] if len(ties.other) else []
    drawn = [lot for lot in lots if len(lot.other)]  # among a few suspects a lot may tie nobody
    labels, above = {0.0: _components(ties)}, {0.0: 0.0}
    for resolution in RESOLUTIONS if drawn else ():
        labels[resolution] = _leiden(ties, resolution)
        chance = [_modularity(lot, _leiden(lot, resolution), resolution) for lot in drawn]
        reached = _modularity(ties, labels[resolution], resolution)
        above[resolution] = reached - float(np.mean(chance))
    chosen = min(r for r, far in above.items() if far >= max(above.values()) - _CLEAR)
    return Split(_by_size(labels[chosen]), chosen, above)


def entries(rows: Rows, places: Int32) -> tuple[Int32, Int64]:
    """The touches in some rows: which of ``places`` each belongs to, and where it stands."""
    lengths = np.diff(rows.start)[places]
    where = np.repeat(rows.start[places] - np.cumsum(lengths) + lengths, lengths)
    where += np.arange(len(where))
    return np.repeat(np.arange(len(places), dtype=np.int32), lengths), where


def _shared(touches: Touches, suspects: Int32, tainted: Doubles) -> _Shared:
    rows = touches.by_account
    suspect, places = entries(rows, suspects)
    thing = rows.other[places]
    crowd = np.bincount(thing, minlength=len(touches.things))
    kept = _affordable(crowd, (tainted >= _LEAST) & (crowd >= 2))
    here = kept[thing]
    thing, suspect, places = thing[here], suspect[here], places[here]
    met = touches.met[thing]
    order = np.lexsort((suspect, met))
    _, first, number = np.unique(met[order], return_index=True, return_inverse=True)
    names = thing[order][first]
    # Weights are tenths: so rounded, their sum does not depend on the order of the summands.
    size = np.round(touches.size[names].astype(np.float64), 1)
    value = tainted[names] / np.maximum(size - 1, 1)
    return _Shared(
        number.astype(np.int32),
        suspect[order],
        rows.weight[places[order]].astype(np.float64),
        value,
        len(suspects),
    )


def _affordable(crowd: Int64, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Without the most crowded things, where all pairs would be too many."""
    crowds, number = np.unique(crowd[kept], return_counts=True)
    work = np.cumsum(number * crowds.astype(np.float64) ** 2)
    largest = int(crowds[work <= _WORK].max(initial=2))
    return np.logical_and(kept, crowd <= largest)


def _by_lot(shared: _Shared, rng: np.random.Generator) -> _Shared:
    """As many touches of each suspect and of each thing, dealt anew."""
    lot = rng.permutation(len(shared.thing))
    return shared._replace(suspect=shared.suspect[lot], weight=shared.weight[lot])


def _ties(shared: _Shared) -> _Ties:
    """The graph of suspects."""
    count = shared.suspects
    by_thing = np.searchsorted(shared.thing, np.arange(len(shared.value) + 1))
    order = np.argsort(shared.suspect, kind="stable")
    by_suspect = np.searchsorted(shared.suspect[order], np.arange(count + 1))
    a = np.empty(count * STRONGEST, np.int64)
    b, weight = np.empty_like(a), np.empty(len(a), np.float64)
    length = _strongest(
        by_suspect,
        shared.thing[order],
        shared.weight[order],
        by_thing,
        shared.suspect,
        shared.weight,
        shared.value,
        a,
        b,
        weight,
    )
    a, b, weight = a[:length], b[:length], weight[:length]
    pair, first = np.unique(np.minimum(a, b) * count + np.maximum(a, b), return_index=True)
    low, high = np.divmod(pair, max(count, 1))
    source = np.concatenate([low, high])
    other = np.concatenate([high, low])
    order = np.lexsort((other, source))
    return _Ties(
        np.searchsorted(source[order], np.arange(count + 1)),
        other[order].astype(np.int32),
        np.concatenate([weight[first], weight[first]])[order],
    )


def _leiden(ties: _Ties, resolution: float) -> Int32:
    _, found = graspologic_native.leiden_csr(
        ties.start.astype(np.int64),
        ties.other,
        ties.weight,
        len(ties.start) - 1,
        resolution=resolution,
        seed=_SEED,
    )
    label = np.arange(len(ties.start) - 1, dtype=np.int32) + len(ties.start)
    label[list(found.keys())] = list(found.values())
    return label


def _modularity(ties: _Ties, label: Int32, resolution: float) -> float:
    """The share of ties within groups, beyond what the strengths of their members make it."""
    _, group = np.unique(label, return_inverse=True)
    source = np.repeat(np.arange(len(group)), np.diff(ties.start))
    total = ties.weight.sum()
    within = ties.weight[group[source] == group[ties.other]].sum() / total
    strengths = np.bincount(group[source], ties.weight) / total
    return float(within - resolution * (strengths**2).sum())


def _components(ties: _Ties) -> Int32:
    label = np.arange(len(ties.start) - 1, dtype=np.int32)
    _join(ties.start, ties.other, label)
    return label


def _by_size(label: Int32) -> Int32:
    """Numbers from the largest group on; among equal ones from the smallest member on."""
    _, first, group, sizes = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    number = np.empty(len(sizes), np.int32)
    number[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return number[group]


@kernel
def _strongest(
    by_suspect: Int64,
    thing: Int32,
    own: Doubles,
    by_thing: Int64,
    suspect: Int32,
    others: Doubles,
    value: Doubles,
    a: Int64,
    b: Int64,
    weight: Doubles,
) -> int:
    """Write the strongest ties of each suspect; where several are equal, a hash decides."""
    count = len(by_suspect) - 1
    tie = np.zeros(count)
    near = np.empty(count, np.int64)
    length = 0
    for i in range(count):
        found = 0
        for e in range(by_suspect[i], by_suspect[i + 1]):
            j = thing[e]
            for f in range(by_thing[j], by_thing[j + 1]):
                k = suspect[f]
                if k != i:
                    if tie[k] == 0:
                        near[found] = k
                        found += 1
                    tie[k] += value[j] * (own[e] * others[f])
        kept = near[:found]
        if found > STRONGEST:
            kept = _highest(i, near[:found], tie)
        for k in kept:
            a[length], b[length], weight[length] = i, k, tie[k]
            length += 1
        for k in near[:found]:
            tie[k] = 0
    return length


@kernel
def _highest(i: int, near: Int64, tie: Doubles) -> Int64:
    weights = tie[near]
    least = np.partition(weights, len(near) - STRONGEST)[len(near) - STRONGEST]
    clear = near[weights > least]
    equal = near[weights == least]
    hashes = np.empty(len(equal), np.uint64)
    for e in range(len(equal)):
        hashes[e] = _hash(min(i, equal[e]), max(i, equal[e]))
    return np.concatenate((clear, equal[np.argsort(hashes)][: STRONGEST - len(clear)]))


@kernel
def _hash(a: int, b: int) -> np.uint64:
    """SplitMix64 of a pair (Steele, Lea and Flood 2014)."""
    x = (np.uint64(a) << np.uint64(32)) ^ np.uint64(b)
    x += np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _root(label: Int32, i: int) -> int:
    while label[i] != i:
        label[i] = label[label[i]]
        i = label[i]
    return i


@kernel
def _join(start: Int64, other: Int32, label: Int32) -> None:
    for i in range(len(label)):
        for e in range(start[i], start[i + 1]):
            x, y = _root(label, i), _root(label, other[e])
            label[max(x, y)] = min(x, y)
    for i in range(len(label)):
        label[i] = _root(label, i)
