"""Replies that oppose: by somebody who also complained about what they answer, or its author."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leeward.network._graph.acts import Act
from leeward.network._graph.csr import Edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeward.network._graph.csr import Bools, Csr, Int32, Int64, UInt8

__all__ = ["arguments"]


def arguments(old: Csr, new: Sequence[Edges], complaints: Edges, author: Int32) -> Edges:
    """The ``ARGUED`` edges that follow from complaints.

    Args:
        old: The edges that a graph has, by who acted.
        new: Edges that come to it, complaints left out.
        complaints: All ``FLAGGED`` edges, of the graph and new.
        author: (nodes) The accounts that made the posts.
    """
    complained = np.zeros(len(author), np.bool_)
    complained[complaints.source] = True
    parts = [part.chosen(complained[part.source] & _replies(part.act)) for part in new]
    replies = Edges.joined([_old_replies(old, complained), *parts])
    about = author[replies.target]
    against = np.unique(_pairs(complaints.source, complaints.target))
    opposed = np.isin(_pairs(replies.source, replies.target), against)
    opposed |= (about >= 0) & np.isin(_pairs(replies.source, about), against)
    found = replies.chosen(opposed)
    return found._replace(act=np.full(len(found.act), Act.ARGUED, np.uint8))


def _replies(act: UInt8) -> Bools:
    return np.isin(act, (Act.REPLIED, Act.JOINED))


def _old_replies(old: Csr, complained: Bools) -> Edges:
    edges = old.edges(np.flatnonzero(complained[: len(old.start) - 1]))
    return edges.chosen(_replies(edges.act))


def _pairs(source: Int32, target: Int32) -> Int64:
    return (source.astype(np.int64) << 32) | target
