"""The interaction graph: accounts, what they acted on, and how."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntFlag
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.model import Domain
from leeward.network._graph.acts import Node
from leeward.network._graph.csr import Csr
from leeward.network._graph.table import FREE, find

if TYPE_CHECKING:
    from typing import Self, TypeVar

    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network._graph.copies import Joins
    from leeward.network._graph.csr import Int32, Int64, UInt8

    UInt16 = npt.NDArray[np.uint16]
    UInt64 = npt.NDArray[np.uint64]
    G = TypeVar("G", bound="Graph")

__all__ = ["Flags", "Graph", "Trait", "fingerprint", "read_only"]

_DOMAINS: Final = {
    "account": (Domain.ACCOUNT,),
    "post": (Domain.POST,),
    "media": (Domain.SHA256, Domain.PDQ, Domain.MEDIA),
    "tag": (Domain.TAG,),
    "link": (Domain.LINK,),
    "community": (Domain.COMMUNITY,),
}
_SMALLEST: Final = 1 << 12
"""Places of the hash table of a graph without nodes."""
_FINGERPRINT: Final = "the log that this graph was made of"


class Trait(IntFlag):
    """What the operator's data say of an account."""

    BOT = 1
    MINOR = 2
    SUSPENDED = 4


class Flags(NamedTuple):
    """Complaints, one a place in each array.

    Attributes:
        source: The account that complained.
        account, post: The keys that its target has as an account and as a post. A complaint
            does not say which it is.
        at: When, in seconds since 1970 UTC.
        target: The node that is meant; -1 while the log does not know it.
    """

    source: Int32
    account: UInt64
    post: UInt64
    at: npt.NDArray[np.uint32]
    target: Int32


@dataclass(frozen=True, slots=True, repr=False)
class Graph:
    """The interaction graph of a log up to a place in it. All arrays are read-only.

    A node is an account or something that accounts act on. Each digest and each handle of a
    picture is a node, but one of them stands for all, and for near copies: edges end there.
    Edges point from who acted to what was acted on, and are kept both ways.

    Attributes:
        fingerprint: Tells which log it was made of.
        last_seq: The last event in it.
        events: How many events were read.
        kind: (nodes) Codes of :class:`~leeward.network.Node`.
        first: (nodes) The first event that names the node.
        slot: (nodes) Where in that event, so that two nodes of one kind differ: for a post 0 is
            the object or target, 1 the post that is answered, 2 the thread; for what stands in
            a list it is the place there.
        traits: (nodes) Bits of :class:`Trait`, of accounts.
        author: (nodes) The account that made a post, by the first event that says so; -1 where
            it is not known.
        same_as: (nodes) The node that stands for this one; itself, but for pictures.
        named: (nodes) The place in ``names``; -1 for what has no name here.
        names: URIs of accounts and the words of tags.
        pdq: (hashes, 4) PDQ hashes, no two alike.
        pdq_node: (hashes) Their nodes.
        keys: (nodes) The keyed hash of the name of each.
        nodes: The hash table from keys to nodes: open addressing, -1 for a free place.
        flags: Complaints.
        out: Edges by who acted.
        into: Edges by what was acted on.
    """

    fingerprint: int
    last_seq: int
    events: int
    kind: UInt8
    first: Int64
    slot: UInt16
    traits: UInt8
    author: Int32
    same_as: Int32
    named: Int32
    names: pa.Array
    pdq: UInt64
    pdq_node: Int32
    keys: UInt64
    nodes: Int32
    flags: Flags
    out: Csr
    into: Csr

    def __repr__(self) -> str:
        return f"<Graph nodes={len(self.kind)} edges={len(self.out.node)} seq={self.last_seq}>"

    @classmethod
    def empty(cls, hasher: Hasher) -> Self:
        """The graph of a log without events."""
        none = np.empty(0, np.int32)
        keys = np.empty(0, np.uint64)
        graph = cls(
            fingerprint=fingerprint(hasher),
            last_seq=0,
            events=0,
            kind=np.empty(0, np.uint8),
            first=np.empty(0, np.int64),
            slot=np.empty(0, np.uint16),
            traits=np.empty(0, np.uint8),
            author=none,
            same_as=none,
            named=none,
            names=pa.array([], pa.large_string()),
            pdq=np.empty((0, 4), np.uint64),
            pdq_node=none,
            keys=keys,
            nodes=np.full(_SMALLEST, FREE, np.int32),
            flags=Flags(none, keys, keys, np.empty(0, np.uint32), none),
            out=Csr.empty(),
            into=Csr.empty(),
        )
        return read_only(graph)

    def find(self, kind: str, name: str, hasher: Hasher) -> int | None:
        """The node of a URI, a tag's word, or a handle or hash of a media item.

        Args:
            kind: ``account``, ``post``, ``media``, ``tag``, ``link`` or ``community``.
            name: As it stands in the events.
            hasher: The log's.
        """
        keys = np.array([hasher.one(name, domain) for domain in _DOMAINS[kind]], np.uint64)
        nodes = find(self.keys, self.nodes, keys)
        return next((int(self.same_as[node]) for node in nodes if node >= 0), None)

    def apart(self, joins: Joins) -> bool:
        """Whether some names of one picture are not yet one node."""
        nodes = find(self.keys, self.nodes, joins.keys)
        known = nodes >= 0
        ends, picture = self.same_as[nodes[known]], joins.picture[known]
        order = np.argsort(picture, kind="stable")
        same = np.diff(picture[order]) == 0
        return bool((same & (np.diff(ends[order]) != 0)).any())

    def accounts(self) -> Int32:
        """The nodes that are accounts."""
        return np.flatnonzero(self.kind == Node.ACCOUNT).astype(np.int32)

    def name(self, node: int) -> str:
        """The URI of an account, the word of a tag, an opaque id of anything else.

        ``post#1234`` is the post that the event at place 1234 of the log was the first to name,
        as its object or target; ``post#1234.1`` the one that it answers, ``post#1234.2`` its
        thread; ``link#1234.1`` is its second link. Who may read the log can find it, and nobody
        else.
        """
        place = int(self.named[node])
        if place >= 0:
            return str(self.names[place].as_py())
        slot = f".{int(self.slot[node])}" if self.slot[node] else ""
        return f"{Node(self.kind[node]).name.lower()}#{int(self.first[node])}{slot}"

    def subject(self, node: int) -> str:
        """The same with its kind before it: ``account:...``, ``tag:...``, or the opaque id."""
        kind = Node(self.kind[node]).name.lower()
        return f"{kind}:{self.name(node)}" if self.named[node] >= 0 else self.name(node)


def fingerprint(hasher: Hasher) -> int:
    """Tells the logs apart that hash with different keys."""
    return hasher.one(_FINGERPRINT, Domain.ID)


def read_only(graph: G) -> G:
    """Forbid to write to the arrays of a graph, as if it had been read from a file."""
    for field in fields(graph):
        value = getattr(graph, field.name)
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
    return graph
