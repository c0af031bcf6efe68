"""How far to grow, and what each ranking is worth: found by hiding confirmed ones.

The confirmed members are dealt into folds. Each fold is hidden once; what the others lead to is
asked where the hidden ones stand among accounts of like activity, half to twice their own. The
mean of the logarithms of these shares is the *standing*: -1 is what chance gives, -4.6 means the
first hundredth.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import log
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._graph.acts import Node
from leeward.network._graph.parallel import give_back
from leeward.network._searching.extent import likely_members
from leeward.network._searching.growth import Growth, sizes
from leeward.network._votes.lean import shares_above, standing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed
    from leeward.network._touches.touches import Touches
    from leeward.network._votes.ways import Ways

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["ENOUGH", "FEWEST", "Hidden", "dealt", "hide_and_grow"]

FEWEST: Final = 2
"""Confirmed members without whom nothing can be hidden."""
ENOUGH: Final = 4
"""From so many on, what hiding shows may be told: before, it only chooses."""
_WORSE: Final = 1.0
"""Growth is given up where standing is so much worse than it was, twice."""
_EARLY: Final = 0.02
"""Not before this share of all accounts is suspected: growth may take a while to begin."""
_HALF: Final = 0.5
_CHOSEN, _STEADY = 1.0, 2.0
"""Standard errors that a size may be worse by than the best one: to be chosen, and to stay."""
_SLIGHT: Final = log(1.25)
"""As much lower is no worse: a quarter more accounts above."""
_NEAR: Final = 0.35
"""The usual size is that whose logarithm is so near: sizes double, and hang on how many accounts
there are."""
_BY_REPLIES: Final = 2
"""Sizes that a search by replies goes through."""
_THREADS: Final = 2


class _Tried(NamedTuple):
    """What hiding showed at one number of suspects; ``purity`` is the share of likely members.

    ``before`` is what the search that hides nobody chose its suspects by. It and the ``totals`` of
    sizes that cannot be chosen any more are let go.
    """

    size: int
    shares: Doubles
    ranks: Doubles
    purity: float
    totals: tuple[Doubles, ...]
    before: Doubles | None = None


class Hidden(NamedTuple):
    """What hiding showed of the evidence.

    Attributes:
        size: How many suspects are right.
        shares: (members) The share of like accounts above each hidden one, at that size.
        ranks: (members) How many accounts stood above each, of whatever activity.
        path: Sizes and standings.
        totals: (accounts) By fold, the evidence of the search without it, at that size.
        whole: The search that hides nobody, about to take that size; if it was asked for.
        hashtags: Whether hashtags count that no person judged.
        votes: (members) How many accounts stood above each by the votes of the others alone.
    """

    size: int
    shares: Doubles
    ranks: Doubles
    path: tuple[tuple[int, float], ...]
    totals: tuple[Doubles, ...]
    whole: Growth | None = None
    hashtags: bool = True
    votes: Doubles | None = None


def dealt(members: Int32, folds: int, seed: int = 0) -> list[Int32]:
    """Deal members into folds, one a fold where there are fewer; by chance, reproducibly."""
    order = np.random.default_rng(seed).permutation(members)
    return [np.sort(order[i::folds]) for i in range(min(folds, len(members)))]


def hide_and_grow(
    graph: Graph,
    touches: Touches,
    ways: Ways,
    confirmed: Confirmed,
    folds: list[Int32],
    progress: Callable[[str], None],
    *,
    with_whole: bool = False,
    usual: int | None = None,
) -> Hidden:
    """Grow without each fold in turn, size by size, until the hidden ones stand worse.

    The search that hides nobody may grow beside them: then all votes are taken at one go, and
    the memory of those that are not needed any longer is given back before growth begins.
    ``usual`` is how many suspects were right in an earlier search: see :func:`_steady`.

    By replies growth goes two sizes far, and the better one is right: friends answer each other
    over and over, and evidence from that feeds on itself sooner.

    A hashtag is a word that anybody may use: where many of a network use one, those who gather
    under it look like members, whatever they post there. So hashtags count only where the hidden
    ones stand clearly lower without them. The smaller half of the sizes shows that.
    """
    known = [confirmed.without(hidden) for hidden in folds]
    if with_whole:
        known.append(confirmed)
    begun = Growth.of_each(graph, touches, ways, known, keep_last=with_whole)
    give_back()
    told = _Trial(begun, ways, folds, usual, hashtags=True)
    steps = sizes(len(ways.activity))
    if ways.replies is not None:
        told.look(steps[:_BY_REPLIES], progress)
        return told.found()
    enough = sum(len(hidden) for hidden in folds) >= ENOUGH
    if not enough or not (touches.kind == Node.TAG).any():
        told.look(steps, progress)
        return told.found()
    plain = _Trial(begun, ways, folds, usual, hashtags=False)
    half = -(-len(steps) // 2)
    plain.look(steps[:half], progress)
    progress("the same with hashtags")
    told.look(steps[:half], progress)
    better = plain if _as_good(plain.chosen().shares, told.chosen().shares) else told
    del begun, plain, told  # what the other one holds is given back
    better.look(steps[half:], progress)
    return better.found()


class _Trial:
    """Growth without each fold in turn, with hashtags or without; what began stays as it is.

    Args:
        begun: The growth without each fold; last, if it is there, the one that hides nobody.
        ways: Where votes come from.
        folds: Who is hidden.
        usual: How many suspects were right in an earlier search.
        hashtags: Whether hashtags count that no person judged.
    """

    def __init__(
        self,
        begun: list[Growth],
        ways: Ways,
        folds: list[Int32],
        usual: int | None,
        *,
        hashtags: bool,
    ) -> None:
        self._activity, self._folds, self._hashtags = ways.activity, folds, hashtags
        self._choose: Callable[[list[_Tried]], _Tried] = partial(_steady, usual=usual)
        if ways.replies is not None:
            self._choose = _best
        self._grown = [one.again(hashtags=hashtags) for one in begun]
        self._whole = self._grown.pop() if len(self._grown) > len(folds) else None
        self._tried: list[_Tried] = []

    def look(self, steps: list[int], progress: Callable[[str], None]) -> None:
        """Go through some more sizes, until the hidden ones stand far worse."""
        with ThreadPoolExecutor(_THREADS) as threads:
            for size in steps:
                standings = [standing(one.shares) for one in self._tried]
                late = len(standings) > 0 and self._tried[-1].size > _EARLY * len(self._activity)
                if late and min(standings[-2:]) > min(standings) + _WORSE:
                    break
                self._tried.append(self._at(size, threads))
                self._tried = _open(self._tried, self._choose)
                give_back()
                progress(f"hiding confirmed ones: {size:,} suspects")

    def _at(self, size: int, threads: ThreadPoolExecutor) -> _Tried:
        whole = self._whole
        before = None if whole is None else whole.total
        beside = None if whole is None else threads.submit(whole.look, size)
        found = list(threads.map(lambda fold: self._look(fold, size), range(len(self._folds))))
        if beside is not None:
            beside.result()
        shares, ranks = (np.concatenate([one[i] for one in found]) for i in (0, 1))
        purity = float(np.mean([one[2] for one in found]))
        return _Tried(size, shares, ranks, purity, tuple(one[3] for one in found), before)

    def _look(self, fold: int, size: int) -> tuple[Doubles, Doubles, float, Doubles]:
        total, hidden = self._grown[fold].look(size), self._folds[fold]
        shares = shares_above(total, self._activity, hidden)
        return shares, _above(total, hidden), likely_members(total, size) / size, total

    def chosen(self) -> _Tried:
        """The right size, of those that were looked at."""
        return self._choose(self._tried)

    def found(self) -> Hidden:
        """What all of it showed."""
        chosen, whole = self.chosen(), self._whole
        order = np.argsort(np.concatenate(self._folds))
        path = tuple((one.size, standing(one.shares)) for one in self._tried)
        shares, ranks = chosen.shares[order], chosen.ranks[order]
        if whole is not None and chosen.before is not None:
            whole.total = chosen.before
        pairs = zip(self._grown, self._folds, strict=False)  # the last may hide nobody
        votes = np.concatenate([_above(growth.votes, fold) for growth, fold in pairs])[order]
        return Hidden(chosen.size, shares, ranks, path, chosen.totals, whole, self._hashtags, votes)


def _above(scores: Doubles, members: Int32) -> Doubles:
    """(members) How many of all accounts stand above each."""
    return np.array([np.count_nonzero(scores > scores[m]) for m in members.tolist()], np.float64)


def _largest(tried: list[_Tried]) -> _Tried:
    """The largest number of suspects that is no worse than the best one, as far as can be told.

    With ten confirmed ones standings differ by chance. So all sizes count as good whose members
    stand lower by no more than one standard error (Breiman and others 1984), as long as half of
    the suspects are likely members: more suspects show more of what the network touches.
    """
    best = good = _best(tried)
    for one in tried:
        if one.size > best.size and _no_worse(one.shares, best.shares) and one.purity >= _HALF:
            good = one
    return good


def _steady(tried: list[_Tried], usual: int | None) -> _Tried:
    """The same, or what was right in an earlier search, where nothing speaks clearly against it.

    Two sizes are often about as good, and a few events more let the choice tip over: then the
    rankings of two days differ for no reason. So the usual size stays while its members stand
    lower than at the best one by no more than two standard errors, one more than it takes to be
    chosen.
    """
    chosen, best = _largest(tried), _best(tried)
    for one in tried:
        near = usual is not None and abs(np.log(one.size / usual)) < _NEAR
        if (
            near
            and _no_worse(one.shares, best.shares, _STEADY)
            and (one.size <= best.size or one.purity >= _HALF)
        ):
            return one
    return chosen


def _as_good(shares: Doubles, others: Doubles) -> bool:
    """Whether hidden ones stand at most slightly lower.

    Standard errors of ten would let go what a network needs.
    """
    return bool((np.log(shares) - np.log(others)).mean() <= _SLIGHT)


def _no_worse(shares: Doubles, best: Doubles, errors: float = _CHOSEN) -> bool:
    """Whether members stand lower than at best by no more than so many standard errors.

    What is sure and slight is no worse, either.
    """
    lost = np.log(shares) - np.log(best)
    error = float(lost.std(ddof=1)) / np.sqrt(len(lost)) if len(lost) > 1 else 0.0
    return bool(lost.mean() <= max(errors * error, _SLIGHT))


def _best(tried: list[_Tried]) -> _Tried:
    return min(tried, key=lambda one: standing(one.shares))


def _open(tried: list[_Tried], choose: Callable[[list[_Tried]], _Tried]) -> list[_Tried]:
    """The same, without the totals of sizes that no larger size can make the right ones."""
    kept = {_best(tried).size, choose(tried).size}
    return [one if one.size in kept else one._replace(totals=(), before=None) for one in tried]
