"""What speaks against suspicion: arguing under tainted posts, and complaining about them.

Critics touch what a network spreads, and repost some of it to show it. They answer more than they
repost. A reply alone says nothing for suspicion: one answers whom one argues with. But who replies
under tainted posts far more often than members do is less likely one of them
(:mod:`~leeward.network._evidence.arguers`); and so is who files complaints about them, as far as
members do not do so, too. Neither ever counts in favour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.network._evidence.arguers import against, sorts_of
from leeward.network._evidence.picks import LEAST, acts_on, came_by
from leeward.network._graph.acts import Act

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.picks import Acts
    from leeward.network._evidence.taint import Taint
    from leeward.network._graph.csr import Csr
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Doubles = npt.NDArray[np.float64]
    Int32 = npt.NDArray[np.int32]

__all__ = ["OPPOSES", "Dissent", "Shared", "counts_of", "dissent_of"]

_REPLIED, _CARRIES = int(Act.REPLIED), int(Act.CARRIES)
_PRIOR: Final = 2.0
"""Accounts of each sort, half of them complaining, that are added to the true ones."""
OPPOSES: Final = 0.5
"""Probabilities of taint that add up to so much make an act against something tainted."""


class Shared(NamedTuple):
    """What is known of accounts by what they shared.

    Attributes:
        log_odds: (accounts) That they belong, without a base rate.
        size: How many are suspected.
        confirmed: Places of those of whom it is known.
    """

    log_odds: Doubles
    size: int
    confirmed: Int32


class Dissent(NamedTuple):
    """What speaks against each account.

    Attributes:
        replies: (accounts) How many replies were under tainted posts, by their probabilities.
        complaints: (accounts) The same of complaints about posts.
        argued, complained: (accounts) What they take away from log-odds: 0 or below.
    """

    replies: Doubles
    complaints: Doubles
    argued: Doubles
    complained: Doubles

    @property
    def total(self) -> Doubles:
        """Both together."""
        return self.argued + self.complained


def dissent_of(
    graph: Graph,
    touches: Touches,
    taint: Taint,
    suspicion: Doubles,
    shared: Shared,
    chances: Doubles | None = None,
) -> Dissent:
    """Judge what all accounts did against tainted posts.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        taint: What is known of the things.
        suspicion: (accounts) The probabilities that the taint was made of.
        shared: What is known of accounts without it.
        chances: ``taint.most``, if it is at hand.
    """
    chances = taint.most if chances is None else chances
    likely, total = chances > LEAST, touches.replies.astype(np.float64)
    replies, complaints = counts_of(graph, touches, chances)
    members = np.clip(suspicion, 0, 1)
    argued = _argued(np.minimum(replies, total), total, shared)
    files = complaints >= OPPOSES
    of_members = ((members * files).sum() + _PRIOR / 2) / (members.sum() + _PRIOR)
    of_others = (((1 - members) * files).sum() + _PRIOR / 2) / ((1 - members).sum() + _PRIOR)
    # Of those who came by anything tainted, which few of the others did.
    came = (1 - members) * came_by(touches, likely)
    of_others = max(of_others, ((came * files).sum() + _PRIOR / 2) / (came.sum() + _PRIOR))
    ratio = min(float(np.log(of_members / of_others)), 0.0)
    return Dissent(replies, complaints, argued, np.where(files, ratio, 0.0))


def counts_of(graph: Graph, touches: Touches, chances: Doubles) -> tuple[Doubles, Doubles]:
    """(accounts) How many replies, and complaints, were about tainted posts, by probabilities.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        chances: (things) How likely they are tainted.
    """
    counts = np.zeros((2, len(touches.accounts)))
    acts = acts_on(graph, touches, chances > LEAST, (Act.REPLIED, Act.FLAGGED))
    _count(acts, graph.out.unsigned(), touches.thing_at, chances, counts)
    return counts[0], counts[1]


def _argued(k: Doubles, n: Doubles, shared: Shared) -> Doubles:
    """What replies under tainted posts speak against each account."""
    if len(k) < 2:  # nobody to be told from
        return np.zeros(len(k))
    size = min(max(shared.size, 1), len(k) - 1)
    log_odds = shared.log_odds + np.log(size / (len(k) - size))
    # Those who share as much, whatever they argued: the sorts are to be told apart among them.
    border = np.partition(log_odds, len(k) - size)[len(k) - size]
    confirmed = np.zeros(len(k), np.bool_)
    confirmed[shared.confirmed] = True
    some = np.flatnonzero((log_odds >= border) | confirmed)
    sorts = sorts_of(k[some], n[some], log_odds[some], confirmed[some])
    return against(k, n, log_odds, sorts)


@kernel
def _count(
    acts: Acts,
    out: Csr,
    thing_at: npt.NDArray[np.int32],
    chances: Doubles,
    counts: Doubles,
) -> None:
    """Add up how likely tainted is what each account answered and flagged."""
    start, node, kinds = out.start, out.node, out.act
    for i in range(len(acts.start) - 1):
        for a in range(acts.start[i], acts.start[i + 1]):
            post = acts.post[a]
            thing = thing_at[post]
            most = chances[thing] if thing >= 0 else 0.0
            for c in range(start[post], start[post + 1]):
                if kinds[c] == _CARRIES:
                    thing = thing_at[node[c]]
                    if thing >= 0 and chances[thing] > most:
                        most = chances[thing]
            if most > LEAST:
                counts[0 if acts.act[a] == _REPLIED else 1, i] += most
