"""Whose pictures evidence rests on: one owner's alone, or those of several.

Relatives and friends of somebody whose photograph is passed around like it, repost it, and upload
near copies of it, as those do who exploit it. So may who copies one owner again and again. Others
made posts with that picture, too, so that several authors stand behind such evidence; but it began
with one account. Two owners are needed before such evidence says more than acquaintance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from leeward.network._evidence.picks import STRONG
from leeward.network._graph.acts import Act, Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._evidence.picks import Picks
    from leeward.network._graph.graph import Graph
    from leeward.network._touches.touches import Touches

    Bools = npt.NDArray[np.bool_]

__all__ = ["of_one_owner"]

_UNOWNED: Final = (int(Node.TAG), int(Node.LINK))
"""Kinds of things that nobody's picture is: a hashtag or a link belongs to no owner."""
_ENOUGH: Final = 2
"""Owners from which on evidence is no acquaintance."""


def of_one_owner(graph: Graph, touches: Touches, picks: Picks) -> Bools:
    """Whose strong evidence rests on pictures and posts of fewer than two others alone.

    The owner of a picture is who was the first to post it or a near copy of it; that of a post is
    its maker. What an account began itself counts for nothing here.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        picks: The acts on what is likelier tainted than not.

    Returns:
        (accounts) Whether it does; so for those without strong evidence.
    """
    strong = picks.chance >= STRONG
    who = np.repeat(np.arange(len(touches.accounts)), np.diff(picks.start))[strong]
    thing, own = picks.thing[strong], picks.act[strong] == Act.AUTHORED
    kind, author = touches.kind[thing], graph.author[picks.post[strong]]
    maker = np.where((author >= 0) & ~own, touches.account_at[author], -1)
    owner = np.where(kind == Node.MEDIA, touches.beginner[thing], maker)
    # Whose owner is not known stands for one of its own.
    owner = np.where(owner >= 0, owner, len(touches.accounts) + thing)
    room = len(touches.accounts) + len(touches.things)
    pairs = np.unique((who * np.int64(room) + owner)[owner != who])
    owners = np.bincount(pairs // room, minlength=len(touches.accounts))
    owners[who[np.isin(kind, _UNOWNED)]] = _ENOUGH
    found: Bools = owners < _ENOUGH
    return found
