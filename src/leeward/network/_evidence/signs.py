"""What is known of an account beside its score, for answers to tell how much of it is worth what.

Nothing here is new: a score is made of the same counts. But a model weighs them by its
assumptions; whoever has asked some hundred people may weigh them by what these said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from leeward.network._evidence.dissent import counts_of
from leeward.network._evidence.guards import answers, filed_flags, stands_alone

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from leeward.network._evidence.conduct import Conduct
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

__all__ = ["SIGNS", "Found", "Signs", "signs_of"]

SIGNS: Final = (
    "made",
    "reposted",
    "liked",
    "argued",
    "votes",
    "acts",
    "tainted acts",
    "share of tainted acts",
    "replies under tainted posts",
    "replies to suspects",
    "replies under tainted posts beside tainted acts",
    "replies to suspects beside tainted acts",
    "asked first",
    "complained",
)
"""What the columns of :attr:`Signs.values` are, in their order."""
_HALF: Final = 0.5
"""Acts that are added to counts before their logarithm is taken, and a fifth of it to those of
replies, which are rarer."""


class Signs(NamedTuple):
    """What is known of accounts.

    Attributes:
        values: (accounts, signs) Counts as logarithms, log-likelihood ratios as they are.
        alone: (accounts) Whose evidence rests on fewer than two other authors or owners, or who
            answers suspects half as often as it does anything tainted. A search marks of them
            only those who stand above its own line; above any other line they are no less to be
            asked about first.
    """

    values: Doubles
    alone: Bools


class Found(Protocol):
    """What is asked of a search; see :class:`~leeward.network.Search`."""

    @property
    def touches(self) -> Touches:
        """Who touched what."""

    @property
    def taint(self) -> Taint:
        """What is known of things."""

    @property
    def conduct(self) -> Conduct:
        """What accounts did with them."""

    @property
    def parts(self) -> Mapping[str, Doubles]:
        """(accounts) The named parts of log-odds; ``argued`` is one."""

    @property
    def suspicion(self) -> Doubles:
        """(accounts) What it was counted from."""

    @property
    def families(self) -> Mapping[str, npt.NDArray[np.floating[Any]]]:
        """(accounts) The scores of each ranking; ``votes`` are those of the confirmed."""

    @property
    def asked_first(self) -> Bools:
        """(accounts) Who is never above the line without a person."""


def signs_of(graph: Graph, found: Found) -> Signs:
    """What is known of all accounts after a search.

    Args:
        graph: The interaction graph.
        found: The search.
    """
    touches, taint, suspicion = found.touches, found.taint, found.suspicion
    under, _ = counts_of(graph, touches, taint.most)
    replied = answers(graph, touches, suspicion).astype(np.float64)
    tainted = found.conduct.tainted.sum(axis=1)
    acts = touches.acts.sum(axis=1, dtype=np.float64)
    few, some = _HALF / 5, _HALF
    columns = [
        *found.conduct.parts.T,
        found.parts["argued"],
        found.families["votes"],
        np.log1p(acts),
        np.log(tainted + few),
        np.log((tainted + few) / (acts + 1)),
        np.log1p(under),
        np.log1p(replied),
        np.log((under + few) / (tainted + some)),
        np.log((replied + few) / (tainted + some)),
        found.asked_first,
        filed_flags(graph, touches, taint, suspicion),
    ]
    alone = stands_alone(graph, touches, taint, suspicion, tainted)
    return Signs(np.stack([np.asarray(one, np.float64) for one in columns], axis=1), alone)
