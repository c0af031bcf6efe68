"""What stands in the graph: kinds of nodes, and acts that tie them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

__all__ = ["ACTS", "OPPOSING", "Act", "Node"]


class Node(IntEnum):
    """The kinds of nodes."""

    ACCOUNT = 0
    POST = 1
    MEDIA = 2
    TAG = 3
    LINK = 4
    COMMUNITY = 5


class Act(IntEnum):
    """The kinds of edges, each pointing from who acted to what was acted on.

    All but the last begin at an account. ``CARRIES`` begins at a post and ends at a media item,
    a tag, a link or a community. ``AUTHORED``, ``REPOSTED``, ``LIKED``, ``REPLIED`` and ``JOINED``
    (a reply somewhere in the thread that the post began) end at a post; ``FOLLOWED`` and
    ``MENTIONED`` at an account; ``FLAGGED`` (a complaint) and ``ARGUED`` (a reply by somebody who
    also flagged) oppose, and end at a post or an account.
    """

    AUTHORED = 0
    REPOSTED = 1
    LIKED = 2
    REPLIED = 3
    JOINED = 4
    FOLLOWED = 5
    MENTIONED = 6
    FLAGGED = 7
    ARGUED = 8
    CARRIES = 9


ACTS: Final = len(Act)
OPPOSING: Final = np.array([act in (Act.FLAGGED, Act.ARGUED) for act in Act])
"""By act: whether it speaks against what it was done to."""
