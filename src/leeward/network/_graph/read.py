"""Events become nodes and edges: what every column of every kind of event means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from leeward.model import Domain, kernel
from leeward.network._graph.acts import Act, Node
from leeward.network._graph.columns import (
    KINDS,
    acted,
    bits_of,
    codes_of,
    items_of,
    keys_of,
    seconds_of,
    statements_of,
)
from leeward.network._graph.csr import Edges
from leeward.network._graph.graph import Flags

if TYPE_CHECKING:
    from leeward.model import Hasher
    from leeward.network._graph.columns import Statements
    from leeward.network._graph.csr import Int32, Int64, UInt8, UInt32
    from leeward.network._graph.graph import UInt16, UInt64
    from leeward.network._graph.table import NodeTable

    Slot = np.uint16 | UInt16

__all__ = ["Reader"]

_ONLY: Final = np.uint16(0)
_OF_POSTS: Final = [
    *("object", "reply_to", "root", "community", "tags", "media", "links", "mentions"),
]
_CHUNK: Final = 1 << 22
"""Edges that are kept in one piece."""


class Reader:
    """Reads batches of events into a table of nodes, and keeps what else they say.

    Args:
        hasher: The log's.
        table: Where the nodes are.

    Attributes:
        edges: All edges, complaints left out.
        names: New accounts and tags, and what they are called.
        flags: Complaints.
        statements: What was said of the traits of accounts.
        pdq, pdq_node: PDQ hashes that are new, and their nodes.
    """

    def __init__(self, hasher: Hasher, table: NodeTable) -> None:
        self._hasher = hasher
        self._table = table
        self._chunks: list[Edges] = []
        self._filled = _CHUNK
        self.names: list[tuple[Int32, pa.Array]] = []
        self.flags: list[Flags] = []
        self.statements: list[Statements] = []
        self.pdq: list[UInt64] = []
        self.pdq_node: list[Int32] = []

    def edges(self) -> list[Edges]:
        """All edges, complaints left out."""
        return [*self._chunks[:-1], *(c.chosen(slice(self._filled)) for c in self._chunks[-1:])]

    def read(self, batch: pa.RecordBatch) -> None:
        """Read a batch of :data:`~leeward.network.COLUMNS`."""
        batch = acted(batch)
        seq, at = batch["seq"].to_numpy(), seconds_of(batch)
        actor = self._called(batch["actor"], Domain.ACCOUNT, Node.ACCOUNT, seq)
        codes = codes_of(batch)

        def part(columns: list[str], *kinds: str) -> tuple[pa.RecordBatch, Int32, Int64, UInt32]:
            """Some columns of the rows of some kinds: to copy all of them would cost much."""
            of_kind = [codes == KINDS.index(kind) for kind in kinds]
            rows = np.flatnonzero(np.logical_or.reduce(of_kind))
            chosen = batch.select(columns).take(pa.array(rows))
            return chosen, actor[rows], seq[rows], at[rows]

        self._read_posts(*part(_OF_POSTS, "post", "poll"))
        for kind, act in (("repost", Act.REPOSTED), ("like", Act.LIKED)):
            events, who, seqs, times = part(["target"], kind)
            post = self._nodes(events["target"], Domain.POST, Node.POST, seqs)
            self._tie(who, post, act, times)
        events, who, seqs, times = part(["target"], "follow")
        person = self._called(events["target"], Domain.ACCOUNT, Node.ACCOUNT, seqs)
        self._tie(who, person, Act.FOLLOWED, times)
        self._read_flags(*part(["target"], "flag"))
        events, _, seqs, _ = part(["seq", "object", "extra"], "account")
        account = self._called(events["object"], Domain.ACCOUNT, Node.ACCOUNT, seqs)
        self.statements.append(statements_of(events, account))

    def _read_posts(self, posts: pa.RecordBatch, actor: Int32, seq: Int64, at: UInt32) -> None:
        """Posts and polls: who made them, what they answer, whom they name, what they carry."""
        post, answered, root = (
            self._nodes(posts[name], Domain.POST, Node.POST, seq, np.uint16(slot))
            for slot, name in enumerate(("object", "reply_to", "root"))
        )
        self._table.point(post, actor, seq)
        self._tie(actor, post, Act.AUTHORED, at)
        self._tie(actor, np.where(answered == post, -1, answered), Act.REPLIED, at)
        joined = np.where((root == post) | (root == answered), -1, root)
        self._tie(actor, joined, Act.JOINED, at)
        names, row, slot = items_of(posts["mentions"])
        person = self._called(names, Domain.ACCOUNT, Node.ACCOUNT, seq[row], slot)
        self._tie(actor[row], person, Act.MENTIONED, at[row])
        place = self._nodes(posts["community"], Domain.COMMUNITY, Node.COMMUNITY, seq)
        self._tie(post, place, Act.CARRIES, at)
        words, row, slot = items_of(posts["tags"])
        tag = self._called(words, Domain.TAG, Node.TAG, seq[row], slot)
        self._tie(post[row], tag, Act.CARRIES, at[row])
        links, row, slot = items_of(posts["links"])
        link = self._nodes(links, Domain.LINK, Node.LINK, seq[row], slot)
        self._tie(post[row], link, Act.CARRIES, at[row])
        items, row, slot = items_of(posts["media"])
        if len(items):
            self._tie(post[row], self._media(items, seq[row], slot), Act.CARRIES, at[row])

    def _media(self, items: pa.StructArray, seq: Int64, slot: UInt16) -> Int32:
        """The nodes of media items; -1 where an item has neither digest nor handle.

        An item goes by its SHA-256, else by its PDQ hash, else by its handle. A handle points to
        the digest that it first came with, a SHA-256 to the PDQ hash that it first came with;
        the first time counts, so that nobody can give an old handle a new meaning later.
        """
        sha256 = self._nodes(items.field("sha256"), Domain.SHA256, Node.MEDIA, seq, slot)
        handle = self._nodes(items.field("uri"), Domain.MEDIA, Node.MEDIA, seq, slot)
        keys = keys_of(items.field("pdq"), self._hasher, Domain.PDQ)
        pdq, new = self._table.take(keys, Node.MEDIA, seq, slot)
        if len(new):
            self.pdq.append(bits_of(items.field("pdq").take(pa.array(new))))
            self.pdq_node.append(pdq[new])
        digest = np.where(sha256 >= 0, sha256, pdq)
        self._table.point(sha256, pdq, seq)
        self._table.point(handle, digest, seq)
        return np.where(digest >= 0, digest, handle)

    def _read_flags(self, flags: pa.RecordBatch, source: Int32, _: Int64, at: UInt32) -> None:
        """Complaints; what they are about is looked up once all is known."""
        known = flags["target"].is_valid().to_numpy(zero_copy_only=False)
        if known.any():
            account, post = (
                keys_of(flags["target"], self._hasher, domain)[known]
                for domain in (Domain.ACCOUNT, Domain.POST)
            )
            target = np.full(len(account), -1, np.int32)
            self.flags.append(Flags(source[known], account, post, at[known], target))

    def _nodes(
        self, names: pa.Array, domain: Domain, kind: Node, seq: Int64, slot: Slot = _ONLY
    ) -> Int32:
        keys = keys_of(names, self._hasher, domain)
        return self._table.take(keys, kind, seq, np.full(len(seq), slot, np.uint16))[0]

    def _called(
        self, names: pa.Array, domain: Domain, kind: Node, seq: Int64, slot: Slot = _ONLY
    ) -> Int32:
        """The nodes of accounts and tags: what they are called is kept."""
        keys = keys_of(names, self._hasher, domain)
        nodes, new = self._table.take(keys, kind, seq, np.full(len(seq), slot, np.uint16))
        if len(new):
            self.names.append((nodes[new], names.take(pa.array(new)).cast(pa.large_string())))
        return nodes

    def _tie(self, source: Int32, target: Int32, act: Act, at: UInt32) -> None:
        done = 0
        while done < len(source):
            if self._filled == _CHUNK:
                self._chunks.append(Edges.room(_CHUNK))
                self._filled = 0
            done, self._filled = _append(
                source, target, int(act), at, done, *self._chunks[-1], self._filled
            )


@kernel
def _append(
    source: Int32,
    target: Int32,
    act: int,
    at: UInt32,
    done: int,
    to_source: Int32,
    to_target: Int32,
    to_act: UInt8,
    to_at: UInt32,
    filled: int,
) -> tuple[int, int]:
    """Append edges, leaving out those to -1, while there is room: places reached in both."""
    while done < len(source) and filled < len(to_source):
        if target[done] >= 0:
            to_source[filled], to_target[filled] = source[done], target[done]
            to_act[filled], to_at[filled] = act, at[done]
            filled += 1
        done += 1
    return done, filled
