"""What the columns of a batch of events say, as arrays of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import Domain, kernel, string_buffers
from leeward.network._graph.graph import Trait

if TYPE_CHECKING:
    import numpy.typing as npt

    from leeward.model import Hasher
    from leeward.network._graph.csr import Int32, Int64, UInt8, UInt32
    from leeward.network._graph.graph import UInt16

    UInt64 = npt.NDArray[np.uint64]

__all__ = [
    "COLUMNS",
    "KINDS",
    "Statements",
    "acted",
    "bits_of",
    "codes_of",
    "items_of",
    "keys_of",
    "seconds_of",
    "statements_of",
]

COLUMNS: Final = (
    *("seq", "seen", "kind", "op", "at", "actor", "object", "target", "reply_to", "root"),
    *("community", "tags", "media", "links", "mentions", "extra"),
)
"""The columns of the log that the graph is made of."""

KINDS: Final = ("account", "post", "repost", "like", "follow", "poll", "flag")
"""The kinds of events that make edges or nodes."""

_MICROS: Final = 1_000_000
_BOT, _MINOR, _SUSPENDED = map(int, Trait)


def acted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The events that add something: of :data:`KINDS`, and no deletions.

    What was taken back was done all the same.
    """
    of_kind = pc.is_in(batch["kind"], value_set=pa.array(KINDS))
    wanted = pc.and_(of_kind, pc.not_equal(batch["op"], "delete"))
    return batch if pc.all(wanted).as_py() else batch.filter(wanted)


def codes_of(batch: pa.RecordBatch) -> Int32:
    """The kind of each event that :func:`acted` left, as its place in :data:`KINDS`."""
    codes: Int32 = pc.index_in(batch["kind"], value_set=pa.array(KINDS)).to_numpy()
    return codes


def seconds_of(batch: pa.RecordBatch) -> UInt32:
    """When, in seconds since 1970 UTC: as claimed, yet not after the log received it."""
    seconds = np.minimum(batch["at"].to_numpy(), batch["seen"].to_numpy()) // _MICROS
    clipped: UInt32 = np.clip(seconds, 0, 2**32 - 1).astype(np.uint32)
    return clipped


def keys_of(names: pa.Array, hasher: Hasher, domain: Domain) -> UInt64:
    """The keyed hash of each name; 0 where there is none."""
    if names.null_count == len(names):
        return np.zeros(len(names), np.uint64)
    keys: UInt64 = hasher.keys(names, domain)
    if names.null_count:
        keys[names.is_null().to_numpy(zero_copy_only=False)] = 0
    return keys


def items_of(lists: pa.Array) -> tuple[pa.Array, Int64, UInt16]:
    """The items of a list column, the row of each and its place there."""
    lengths = lists.value_lengths().fill_null(0).to_numpy()
    row = np.repeat(np.arange(len(lists)), lengths)
    begin = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return lists.flatten(), row, (np.arange(len(row)) - begin).astype(np.uint16)


def bits_of(hashes: pa.Array) -> UInt64:
    """PDQ hashes in hexadecimal as numbers, shape (n, 4)."""
    bits = np.zeros((len(hashes), 4), np.uint64)
    _unhex(*string_buffers(hashes), bits)
    return bits


@kernel
def _unhex(starts: Int32, octets: UInt8, bits: UInt64) -> None:
    for row in range(len(starts) - 1):
        for i in range(starts[row + 1] - starts[row]):
            octet = octets[starts[row] + i]
            nibble = np.uint64(octet - 48 if octet < 58 else octet - 87)
            bits[row, i // 16] |= nibble << np.uint64(60 - 4 * (i % 16))


class Statements(NamedTuple):
    """What events say of the traits of accounts, one event a place.

    Attributes:
        node: The account.
        seq: The event.
        about: Bits of :class:`Trait`: of which it speaks.
        traits: Bits of :class:`Trait`: which of them it affirms.
    """

    node: Int32
    seq: Int64
    about: UInt8
    traits: UInt8


class _Attributes(msgspec.Struct):
    bot: bool | None = None
    minor: bool | None = None
    status: str | None = None


class _Extra(msgspec.Struct):
    account: _Attributes | None = None


_decoder: Final = msgspec.json.Decoder(_Extra)


def statements_of(accounts: pa.RecordBatch, node: Int32) -> Statements:
    """What account events say of the traits of their accounts."""
    rows = np.flatnonzero(accounts["extra"].is_valid().to_numpy(zero_copy_only=False))
    told = [_told(extra) for extra in accounts["extra"].drop_null().to_pylist()]
    about, traits = np.array(told, np.uint8).reshape(-1, 2).T
    rows, about, traits = rows[about > 0], about[about > 0], traits[about > 0]
    return Statements(node[rows], accounts["seq"].to_numpy()[rows], about, traits)


def _told(extra: str) -> tuple[int, int]:
    """Of which traits an account's attributes speak, and which of them they affirm."""
    told = _decoder.decode(extra).account
    if told is None:
        return 0, 0
    about = traits = 0
    if told.bot is not None:
        about, traits = _BOT, _BOT * told.bot
    if told.minor:  # that somebody is none any longer lifts no shield; people do that
        about, traits = about | _MINOR, traits | _MINOR
    if told.status is not None:
        about, traits = about | _SUSPENDED, traits | _SUSPENDED * (told.status == "suspended")
    return about, traits
