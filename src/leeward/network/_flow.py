"""What leaves the nodes: the numbers that the walk and the search for paths hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leeward.network._acts import Node

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.network._csr import UInt8
    from leeward.network._steps import Steps

    Floats = npt.NDArray[np.float32]

__all__ = ["Flow", "leaving"]


class Flow(NamedTuple):
    """What leaves a node by each of its ways, before it is divided among their targets.

    Attributes:
        acts: (nodes, 2) From an account to posts and to followers; from a post to accounts, where
            it was reached by an act and where through a thing; from a thing to posts. The two
            stand side by side in memory since they are read together.
        things: (nodes, 2) From a post to the pictures that it carries, and to all else: to a tag
            or a link only of those who came by its author, who put it there.
    """

    acts: Floats
    things: Floats


def leaving(kind: UInt8, steps: Steps, x: Floats) -> Flow:
    """What leaves nodes of which few have a value: the seeds.

    Args:
        kind: (nodes) Their kinds.
        steps: The transition probabilities.
        x: (nodes) The values.
    """
    flow = Flow(*(np.zeros((len(x), 2), np.float32) for _ in range(2)))
    some = np.flatnonzero(x)
    flow.acts[some, 0] = x[some] * steps.give[some]
    # A post given as a seed leads to its author, too.
    flow.acts[some, 1] = x[some] * steps.give2[some] * (kind[some] <= Node.POST)
    flow.things[some] = (x[some] * steps.give3[some])[:, np.newaxis]
    return flow
