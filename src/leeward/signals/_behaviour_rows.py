"""Rows of the log as numbers: what trackers need of each, every URI as a keyed hash."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from leeward.model import Domain, Hasher
from leeward.signals._behaviour_polls import age_like

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Bytes = npt.NDArray[np.int8]
    Flags = npt.NDArray[np.bool_]
    Longs = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]

__all__ = [
    "ACCOUNT",
    "CREATE",
    "DELETE",
    "FLAG",
    "FOLLOW",
    "LIKE",
    "POLL",
    "POST",
    "REPOST",
    "UPDATE",
    "Lists",
    "Rows",
    "picture_names",
    "read_rows",
]

_KINDS: Final = ("account", "post", "poll", "repost", "like", "follow", "flag", "media", "hashtag")
_OPS: Final = ("create", "update", "delete")
ACCOUNT, POST, POLL, REPOST, LIKE, FOLLOW, FLAG = range(7)
CREATE, UPDATE, DELETE = range(3)


class Lists(NamedTuple):
    """A column of lists: items of row ``i`` from ``starts[i]`` to ``starts[i + 1]``."""

    starts: Longs
    items: Words


class Rows(NamedTuple):
    """A batch of the log.

    Attributes:
        seq: Its place in the log.
        at: The earlier of ``at`` and ``seen``, microseconds since 1970 UTC.
        kind, op: As the constants of this module have them.
        actor, object, target, reply_to, root, community: Hashes; 0 is none.
        mentions, tags: Hashes.
        pictures: By SHA-256, else by PDQ, else by URI.
        handles, looks: The same pictures' URI and PDQ hash; 0 is none.
        linked: Whether it carries a link.
        age_poll: Whether it is a poll whose options are numbers such as ages.
        minor: 1 and 0 as an account event states it, -1 where none does.
        created: When an account was made; -1 is not stated.
        kin: Whether an account event states the relatives; they are in ``relatives``.
    """

    seq: Longs
    at: Longs
    kind: Bytes
    op: Bytes
    actor: Words
    object: Words
    target: Words
    reply_to: Words
    root: Words
    community: Words
    mentions: Lists
    tags: Lists
    pictures: Lists
    handles: Words
    looks: Words
    linked: Flags
    age_poll: Flags
    minor: Bytes
    created: Longs
    kin: Flags
    relatives: Lists


class _Poll(Struct, gc=False):
    options: list[str] = []


class _Account(Struct, gc=False):
    minor: bool | None = None
    created: int | None = None
    relatives: list[str] | None = None


class _Extra(Struct, gc=False):
    poll: _Poll | None = None
    account: _Account | None = None


_decode: Final = msgspec.json.Decoder(_Extra).decode
_last: tuple[weakref.ref[pa.RecordBatch], bytes, Rows] | None = None


def read_rows(batch: pa.RecordBatch, key: bytes) -> Rows:
    """The rows of a batch of :data:`~leeward.model.EVENT_SCHEMA`, hashed under a key.

    Several trackers read one batch after each other, so the last answer is kept.
    """
    global _last  # a cache of one; to swap a tuple is safe between threads
    kept = _last
    if kept is not None and kept[0]() is batch and kept[1] == key:
        return kept[2]
    rows = _read(batch, key)
    _last = (weakref.ref(batch), key, rows)
    return rows


def picture_names(batch: pa.RecordBatch) -> list[str]:
    """What each picture is called, in the order of :attr:`Rows.pictures`."""
    refs = batch.column("media").flatten()
    names: list[str] = pc.coalesce(
        *(refs.field(name) for name in ("sha256", "pdq", "uri")), ""
    ).to_pylist()
    return names


def _read(batch: pa.RecordBatch, key: bytes) -> Rows:
    hasher = Hasher(key)

    def hashed(strings: pa.Array, domain: Domain = Domain.ID) -> Words:
        keys = hasher.keys(strings, domain)
        keys[keys == hasher.one("", domain)] = 0
        return keys

    def listed(name: str, domain: Domain = Domain.ID) -> Lists:
        column = batch.column(name)
        return Lists(_starts(column), hashed(column.flatten(), domain))

    shown = batch.column("media")
    refs = shown.flatten()
    sha256 = hashed(refs.field("sha256"), Domain.SHA256)
    looks = hashed(refs.field("pdq"), Domain.PDQ)
    handles = hashed(refs.field("uri"), Domain.MEDIA)
    pictures = np.where(sha256 != 0, sha256, np.where(looks != 0, looks, handles))
    kind = _codes(batch.column("kind"), _KINDS)
    return Rows(
        batch.column("seq").to_numpy(),
        np.minimum(batch.column("at").to_numpy(), batch.column("seen").to_numpy()),
        kind,
        _codes(batch.column("op"), _OPS),
        hashed(batch.column("actor")),
        hashed(batch.column("object")),
        hashed(batch.column("target")),
        hashed(batch.column("reply_to")),
        hashed(batch.column("root")),
        hashed(batch.column("community")),
        listed("mentions"),
        listed("tags", Domain.TAG),
        Lists(_starts(shown), pictures),
        handles,
        looks,
        np.diff(_starts(batch.column("links"))) > 0,
        *_extras(batch.column("extra"), kind, hashed),
    )


def _starts(column: pa.Array) -> Longs:
    starts = np.zeros(len(column) + 1, np.int64)
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    np.cumsum(lengths.to_numpy(zero_copy_only=False), out=starts[1:])
    return starts


def _codes(column: pa.Array, words: tuple[str, ...]) -> Bytes:
    places = pc.fill_null(pc.index_in(column, pa.array(words)), -1)
    codes: Bytes = places.to_numpy(zero_copy_only=False).astype(np.int8)
    return codes


def _extras(
    column: pa.Array, kind: Bytes, hashed: Callable[[pa.Array], Words]
) -> tuple[Flags, Bytes, Longs, Flags, Lists]:
    """Polls and accounts; most rows have neither."""
    count = len(column)
    age_poll, kin = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    minor, created = np.full(count, -1, np.int8), np.full(count, -1, np.int64)
    related: list[str] = []
    lengths = np.zeros(count, np.int64)
    given = column.is_valid().to_numpy(zero_copy_only=False)
    asked = np.flatnonzero(given & ((kind == ACCOUNT) | (kind == POLL) | (kind == POST)))
    for row, text in zip(asked.tolist(), column.take(pa.array(asked)).to_pylist(), strict=True):
        extra = _decode(text)
        if extra.poll is not None:
            age_poll[row] = age_like(extra.poll.options)
        account = extra.account
        if account is None or kind[row] != ACCOUNT:
            continue
        minor[row] = -1 if account.minor is None else account.minor
        created[row] = -1 if account.created is None else account.created
        if account.relatives is not None:
            kin[row] = True
            lengths[row] = len(account.relatives)
            related += account.relatives
    starts = np.append(0, np.cumsum(lengths))
    return age_poll, minor, created, kin, Lists(starts, hashed(pa.array(related, pa.string())))
