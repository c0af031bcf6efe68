"""What a search goes by: what accounts share, or, where that leads nowhere, whom they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.network._graph.order import in_order
from leeward.network._graph.parallel import give_back
from leeward.network._searching.hiding import ENOUGH, FEWEST, dealt, hide_and_grow
from leeward.network._searching.led_by_replies import led_by_replies
from leeward.network._searching.portfolio import families_of, worth_of
from leeward.network._votes.null import nothing_in_common
from leeward.network._votes.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from leeward.network._graph.graph import Graph
    from leeward.network._searching.growth import Confirmed
    from leeward.network._searching.hiding import Hidden
    from leeward.network._touches.touches import Touches

    Floats = npt.NDArray[np.float32]
    Int32 = npt.NDArray[np.int32]

__all__ = ["Ground", "ground_of"]

_FOREMOST: Final = 0.05
"""The share of like accounts among whom half of the hidden ones have to stand for a line."""


class Ground(NamedTuple):
    """What was found out by hiding confirmed accounts, before anything is concluded.

    Attributes:
        ways: Where votes come from.
        hidden: What hiding showed; None with too few members to hide any.
        parts: The members that are hidden together.
        families: (accounts, parts + 1) The scores of each other ranking without each part; the
            last column knows all seeds.
        worth: What each ranking is worth.
        abstained: Why nothing is said, in words; None where something is.
        by_replies: Whether replies lead, and not what accounts share.
    """

    ways: Ways
    hidden: Hidden | None
    parts: list[Int32]
    families: dict[str, Floats]
    worth: dict[str, float]
    abstained: str | None = None
    by_replies: bool = False

    @property
    def leads(self) -> bool:
        """Whether what accounts share leads from the confirmed ones to each other."""
        return self.hidden is not None and not self.by_replies and _led(self.hidden)


def ground_of(
    graph: Graph,
    touches: Touches,
    confirmed: Confirmed,
    folds: int,
    usual: int | None,
    progress: Callable[[str], None],
) -> Ground:
    """Hide confirmed accounts, and look at replies where what is shared does not lead to them.

    Args:
        graph: The interaction graph.
        touches: Who touched what.
        confirmed: What persons have concluded.
        folds: Into how many parts the members are dealt.
        usual: How many suspects were right in an earlier search.
        progress: Told what happens.
    """
    # Accounts about which reviewers were asked stood high already: hiding them would prove nothing.
    members = confirmed.given
    parts: list[Int32] = []
    hidden: Hidden | None = None
    if len(members) >= FEWEST:
        parts = dealt(touches.account_at[in_order(graph, touches.accounts[members])], max(folds, 2))
    progress("comparing rankings")
    # These need most memory, and as long as nothing else is kept there is most of it.
    families = families_of(graph, touches, confirmed, parts)
    give_back()
    ways = Ways(touches)
    if parts:
        hidden = hide_and_grow(
            graph, touches, ways, confirmed, parts, progress, with_whole=True, usual=usual
        )
    worth = worth_of(touches, families, parts, hidden)
    if hidden is None or len(members) < ENOUGH:
        return Ground(ways, hidden, parts, families, worth)
    best = min(worth.values())
    abstained = nothing_in_common(graph, touches, ways, members, best)
    ways.forget()
    if not _led(hidden):
        best = best if abstained is None else 0.0
        other = led_by_replies(graph, touches, confirmed, parts, best, progress)
        if other is not None:
            worth = worth_of(touches, families, parts, other.hidden)
            return Ground(other.ways, other.hidden, parts, families, worth, by_replies=True)
    return Ground(ways, hidden, parts, families, worth, abstained)


def _led(hidden: Hidden) -> bool:
    """Whether half of the hidden ones stood in the first twentieth of accounts like them.

    What leads away from the confirmed ones themselves is no ground to speak of others.
    """
    return bool(2 * np.count_nonzero(hidden.shares <= _FOREMOST) >= len(hidden.shares))
