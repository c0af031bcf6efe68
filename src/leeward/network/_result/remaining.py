"""What makes up a score beside an account's own acts, as evidence in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._evidence.replied import REPLIED
from leeward.network._families.cosharing import CO_SHARING
from leeward.network._result.reasons import FURTHER
from leeward.network._result.replies_words import told_of_replies
from leeward.network._result.time_words import timed
from leeward.network._searching.agreement import AGREEMENT
from leeward.network._searching.time import TIME
from leeward.network._types import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.search import Search

__all__ = ["BASE", "VOTES", "Remaining", "name_of"]

BASE: Final = "base rate"
VOTES: Final = "votes of the confirmed"
_SOURCES: Final = 3
"""Sources of priors that are named, at most."""
_CUTS: Final = tuple(5 * cut * 10**e for e in range(10) for cut in (1, 2, 4))
"""Round numbers: 5, 10, 20, 50 and so on."""
_NAMES: Final = {"pagerank": "PageRank"}
_WORDS: Final = {
    FURTHER: "weaker evidence of the same kinds, taken together",
    "argued": "how it replied to what suspects spread",
    "complained": "how it complained about what suspects spread",
}


def name_of(ranking: str) -> str:
    """A ranking of the portfolio as it is called in text."""
    return _NAMES.get(ranking, ranking)


class Remaining:
    """Tells the parts of a score that are no acts of the account.

    Args:
        graph: The interaction graph.
        search: What was found.
        seeds: Accounts that are seeds, by node, and their labels.
        sources: Who said something of an account, by node.
    """

    def __init__(
        self,
        graph: Graph,
        search: Search,
        seeds: Mapping[int, str],
        sources: Mapping[int, Sequence[str]],
    ) -> None:
        self._graph, self._search = graph, search
        self._seeds, self._sources = seeds, sources
        self._ranked: dict[str, npt.NDArray[np.float64]] = {}

    def told(self, place: int, remaining: Mapping[str, float]) -> Iterator[Evidence]:
        """A piece of evidence for each part that is not 0."""
        node = int(self._search.touches.accounts[place])
        subject = self._graph.subject(node)
        for name, weight in remaining.items():
            if weight != 0:
                words = self._words(name, place, node, weight)
                yield Evidence(name_of(name), subject, weight, words)

    def _words(self, name: str, place: int, node: int, weight: float) -> str:
        if name == BASE:
            count, size = len(self._search.log_odds), self._search.extent.estimate
            return f"about {max(round(size), 1):,} of {count:,} accounts are thought to belong"
        if name == VOTES:
            return self._standing("votes", place, "the votes of the confirmed ones")
        if name == "priors":
            return self._said(node, weight)
        if name == AGREEMENT:
            more = "more" if weight > 0 else "less"
            return f"searches without some of the confirmed ones say {more} of it"
        if name == REPLIED and self._search.replied is not None:
            return told_of_replies(self._graph, self._search.replied, self._search.suspicion, place)
        if name == TIME:
            return timed(self._search.timing, place)
        if name in self._search.families:
            by = "with" if name == CO_SHARING else "from"
            return self._standing(name, place, f"{name_of(name)} {by} the confirmed ones")
        return _WORDS.get(name, name)

    def _said(self, node: int, weight: float) -> str:
        if node in self._seeds:
            innocent = self._seeds[node] == "innocent"
            return "given as confirmed innocent" if innocent else "given as a starting point"
        sources = sorted({*self._sources.get(node, ())})
        who = ", ".join(sources[:_SOURCES])
        if more := len(sources) - _SOURCES:
            who += f" and {more} more" if more > 0 else ""
        does = "belongs" if weight > 0 else "does not belong"
        return f"said that it {does}: {who}"

    def _standing(self, ranking: str, place: int, by: str) -> str:
        """The smallest round number of accounts that it stands among; ties stand together."""
        if ranking not in self._ranked:
            scores = np.nan_to_num(np.asarray(self._search.families[ranking], np.float64))
            self._ranked[ranking] = np.sort(-scores)
        ranked = self._ranked[ranking]
        score = np.nan_to_num(float(self._search.families[ranking][place]))
        among = int(np.searchsorted(ranked, -score, side="right"))
        cut = next(cut for cut in _CUTS if cut >= among)
        if 2 * cut > len(ranked):
            return f"does not stand out among {len(ranked):,} by {by}"
        return f"stands among the first {cut:,} of {len(ranked):,} by {by}"
