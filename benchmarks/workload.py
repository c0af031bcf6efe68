"""The events that the benchmarks use: a made-up network, the same for every run.

Sixteen fields, about 400 bytes as JSON: posts with made-up words, replies, reposts, likes and
follows; power-law accounts; record keys and revisions that grow with time, as on a real feed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import INPUT_SCHEMA, events_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.model import Event

__all__ = ["Workload"]

_KINDS: Final = ("post", "like", "repost", "follow")
_SHARES: Final = (0.45, 0.32, 0.15, 0.08)
_BASE32: Final = np.frombuffer(b"234567abcdefghijklmnopqrstuvwxyz", np.uint8)
_EPOCH: Final = 1_700_000_000_000_000


class Workload:
    """A stream of events.

    Args:
        accounts: How many accounts act.
        seed: Equal seeds give equal streams.
    """

    def __init__(self, accounts: int = 1_000_000, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 1])
        self._seed = seed
        self._accounts = accounts
        keys = _text(rng.integers(0, 1 << 62, (accounts, 2), dtype=np.int64), 12)
        self.account_uris = pc.binary_join_element_wise("did:plc:", keys, "")
        letters = np.frombuffer(b"abcdefghijklmnoprstuvwxyz", np.uint8)
        self._words = _fixed(letters[rng.integers(0, len(letters), (20_000, 6))])
        self._digests = pa.array([rng.bytes(32).hex() for _ in range(100_000)])
        self._tags = pc.binary_join_element_wise("tag", self._words.slice(0, 5_000), "")

    def batches(self, events: int, rows: int = 262_144) -> Iterator[pa.RecordBatch]:
        """The stream's first events, as batches of ``INPUT_SCHEMA``."""
        for number, begin in enumerate(range(0, events, rows)):
            yield self._batch(number, min(rows, events - begin), begin)

    def events(self, count: int) -> list[Event]:
        """The stream's first events as objects."""
        return [e for batch in self.batches(count) for e in events_of(batch)]

    def actors(self, rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
        """Account numbers, drawn as the stream draws them: few act much, many little."""
        return (self._accounts * rng.random(count) ** 2.2).astype(np.int64)

    def _batch(self, number: int, rows: int, begin: int) -> pa.RecordBatch:
        rng = np.random.default_rng([self._seed, 2, number])
        kind = rng.choice(4, rows, p=_SHARES)
        at = _EPOCH + (begin + np.arange(rows)) * 3_000 + rng.integers(0, 100_000, rows)
        actor = self.account_uris.take(pa.array(self.actors(rng, rows)))
        names = pa.array(_KINDS).take(pa.array(kind))
        obj = self._records(actor, names, at, rng)
        is_post = kind == 0
        ago = (rng.pareto(0.5, rows) * 50).astype(np.int64) + 1
        other = np.maximum(np.arange(rows) - ago, 0)
        aim = obj.take(pa.array(other))
        person = self.account_uris.take(pa.array(self.actors(rng, rows)))
        target = pc.if_else(kind == 3, person, pc.if_else(is_post, None, aim))
        answers = pa.array(is_post & (rng.random(rows) < 0.4))
        reply = pc.if_else(answers, aim, None)
        post = pa.array(is_post)
        revision = pc.binary_join_element_wise("@", _tid(at + rng.integers(0, 900, rows)), "")
        columns = {
            "id": pc.binary_join_element_wise("example:", obj, revision, "#create", ""),
            "source": _same("example", rows),
            "kind": names,
            "op": _same("create", rows),
            "at": pa.array(at),
            "actor": actor,
            "object": obj,
            "target": target,
            "reply_to": reply,
            "root": reply,
            "text": pc.if_else(post, self._prose(rows, rng), None),
            "lang": pc.if_else(post, "en", None),
            "community": pa.nulls(rows, pa.string()),
            "tags": self._lists(is_post & (rng.random(rows) < 0.25), self._tags, rng),
            "media": self._media(is_post & (rng.random(rows) < 0.2), rng),
            "links": _no_lists(rows),
            "mentions": _no_lists(rows),
            "visibility": _same("public", rows),
            "extra": pa.nulls(rows, pa.string()),
        }
        arrays = [columns[f.name].cast(f.type) for f in INPUT_SCHEMA]
        return pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)

    def _records(
        self, actor: pa.Array, kind: pa.Array, at: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> pa.Array:
        keys = _tid(at - rng.integers(0, 5_000_000, len(at)))
        path = pc.binary_join_element_wise("at://", actor, "/ex.", kind, "/", "")
        return pc.binary_join_element_wise(path, keys, "")

    def _prose(self, rows: int, rng: np.random.Generator) -> pa.Array:
        lengths = rng.integers(3, 22, rows)
        ends = np.append(0, np.cumsum(lengths)).astype(np.int32)
        words = np.minimum(rng.zipf(1.25, int(ends[-1])), len(self._words)) - 1
        lists = pa.ListArray.from_arrays(pa.array(ends), self._words.take(pa.array(words)))
        return pc.binary_join(lists, " ")

    def _lists(
        self, chosen: npt.NDArray[np.bool_], items: pa.Array, rng: np.random.Generator
    ) -> pa.Array:
        ends = np.append(0, np.cumsum(chosen)).astype(np.int32)
        picked = np.minimum(rng.zipf(1.3, int(ends[-1])), len(items)) - 1
        return pa.ListArray.from_arrays(pa.array(ends), items.take(pa.array(picked)))

    def _media(self, chosen: npt.NDArray[np.bool_], rng: np.random.Generator) -> pa.Array:
        count = int(chosen.sum())
        sha256 = self._digests.take(pa.array(rng.integers(0, len(self._digests), count)))
        kind = INPUT_SCHEMA.field("media").type.value_type
        nothing = pa.nulls(count, pa.string())
        parts = [nothing, sha256, nothing, _same("image/jpeg", count)]
        values = pa.StructArray.from_arrays(parts, fields=list(kind))
        ends = np.append(0, np.cumsum(chosen)).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(ends), values)


def _tid(micros: npt.NDArray[np.int64]) -> pa.Array:
    """A time as thirteen characters that sort as it does."""
    return _text(micros[:, None], 13)


def _text(numbers: npt.NDArray[np.int64], digits: int) -> pa.Array:
    """Integers as base-32 digits, the columns of a row side by side."""
    shifts = np.arange(digits - 1, -1, -1, dtype=np.int64) * 5
    drawn = _BASE32[(numbers[:, :, None] >> np.minimum(shifts, 60)) & 31]
    return _fixed(drawn.reshape(len(numbers), -1))


def _fixed(octets: npt.NDArray[np.uint8]) -> pa.Array:
    """A matrix of ASCII codes as one string a row."""
    rows, width = octets.shape
    starts = pa.py_buffer(np.arange(rows + 1, dtype=np.int32) * width)
    return pa.StringArray.from_buffers(rows, starts, pa.py_buffer(np.ascontiguousarray(octets)))


def _same(text: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), rows)


def _no_lists(rows: int) -> pa.Array:
    starts = pa.array(np.zeros(rows + 1, np.int32))
    return pa.ListArray.from_arrays(starts, pa.array([], pa.string()))
