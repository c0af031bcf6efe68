"""From the timeline to record batches in the columns of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from leeward.model import INPUT_SCHEMA, kernel
from leeward.simulate._chance import draw, key_of
from leeward.simulate._content import UNSAID, Chooser
from leeward.simulate._extra import extras
from leeward.simulate._media import DIGITS, pdq_bits, write_hexadecimal, write_sha256
from leeward.simulate._rows import (
    COMPLAINT,
    FLAG,
    FOLLOW,
    KIND_WORDS,
    LIKE,
    REPLY,
    REPOST,
    SUSPENSION,
)
from leeward.simulate._text import texts, vocabulary
from leeward.simulate._topics import LANGUAGES
from leeward.simulate._uris import (
    BASE32,
    EPOCH,
    SOURCE,
    identities,
    key_characters,
    names_of,
    string_array,
    uris,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.simulate._content import Carried
    from leeward.simulate._types import Ints, Keys, Longs, Octets
    from leeward.simulate._world import World

__all__ = ["ROWS", "Columns"]

ROWS: Final = 262_144
"""Rows of a batch, and of a row group in Parquet."""

_CONTENT, _WORDS = 11, 12
_VISIBILITY: Final = pa.array(["public", "unlisted", "group", None])
_MIMES: Final = pa.array(["image/jpeg", "image/jpeg", "image/webp", "image/png"])
_MEDIA_BASE: Final = b"https://sim.example/media/"
_MEDIA_KEY: Final = 13
_STRINGS: Final = INPUT_SCHEMA.field("tags").type
_MEDIA: Final = INPUT_SCHEMA.field("media").type


class Columns:
    """Makes record batches of a world; which rows stand in one batch changes none of them."""

    def __init__(self, world: World) -> None:
        seed = world.settings.seed
        self._world = world
        self._names = names_of(world.timeline, world.people.handles)
        self._tags = pa.array(world.tags)
        self._links = pa.array(world.links)
        self._kinds = pa.array(KIND_WORDS)
        self._languages = pa.array([*LANGUAGES, None])
        self._key = key_of(seed, _CONTENT)
        self._chooser = Chooser(world, self._key)
        self._vocabulary = vocabulary(np.random.default_rng([seed, _WORDS]))

    def batches(self, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        """All events in order of time, as batches of ``INPUT_SCHEMA``."""
        count = len(self._world.timeline.at)
        for begin in range(0, count, rows):
            yield self.batch(begin, min(begin + rows, count))

    def batch(self, begin: int, end: int) -> pa.RecordBatch:
        """The events from place ``begin`` to ``end``."""
        world, names = self._world, self._names
        timeline = world.timeline.part(begin, end)
        kind, ref = timeline.kind, timeline.ref.astype(np.int64)
        what = self._chooser.carried(begin, end)
        place = np.arange(begin, end)
        account = (kind == FOLLOW) | (kind == COMPLAINT)
        towards = (kind == REPOST) | (kind == LIKE) | (kind == FLAG)
        target = np.where(account, -2 - ref, np.where(towards, ref, -1))
        changed = pa.array((kind == SUSPENSION).astype(np.int8))
        columns = {
            "id": identities(names, place),
            "source": pa.repeat(pa.scalar(SOURCE), end - begin),
            "kind": self._kinds.take(pa.array(kind)),
            "op": pa.array(["create", "update"]).take(changed),
            "at": pa.array(timeline.at + EPOCH),
            "actor": uris(names, -2 - timeline.actor.astype(np.int64)),
            "object": uris(names, place),
            "target": uris(names, target),
            "reply_to": uris(names, np.where(kind == REPLY, ref, -1)),
            "root": uris(names, what.root.astype(np.int64)),
            "text": texts(self._vocabulary, timeline.at, timeline.topic, what, self._key),
            "lang": self._languages_of(timeline.at, timeline.actor, what),
            "community": world.topics.communities.take(_or_null(what.community)),
            "tags": self._listed(self._tags, what.tags),
            "media": _media(timeline.at, what, self._key),
            "links": self._listed(self._links, what.link[:, None]),
            "mentions": self._mentions(what),
            "visibility": _VISIBILITY.take(pa.array(what.visibility)),
            "extra": extras(world, begin, end),
        }
        return pa.RecordBatch.from_arrays(
            [columns[field.name] for field in INPUT_SCHEMA], schema=INPUT_SCHEMA
        )

    def _languages_of(self, at: Longs, actor: Ints, what: Carried) -> pa.StringArray:
        """The author's language; now and then nobody says."""
        language = self._world.people.language[actor].copy()
        language[(what.words < 0) | (what.visibility == UNSAID) | (at % 10 == 0)] = len(LANGUAGES)
        return self._languages.take(pa.array(language))

    def _listed(self, strings: pa.StringArray, places: Ints) -> pa.ListArray:
        """Lists of strings, by places in which -1 is nothing."""
        there = places >= 0
        ends = np.append(0, np.cumsum(there.sum(axis=1))).astype(np.int32)
        values = strings.take(pa.array(places[there]))
        return pa.ListArray.from_arrays(pa.array(ends), values, type=_STRINGS)

    def _mentions(self, what: Carried) -> pa.ListArray:
        there = what.mention >= 0
        ends = np.append(0, np.cumsum(there)).astype(np.int32)
        values = uris(self._names, -2 - what.mention[there].astype(np.int64))
        return pa.ListArray.from_arrays(pa.array(ends), values, type=_STRINGS)


def _or_null(places: Ints) -> pa.Array:
    return pa.array(places, mask=places < 0)


def _media(at: Longs, what: Carried, key: np.uint64) -> pa.ListArray:
    there = what.picture != 0
    ends = np.append(0, np.cumsum(there)).astype(np.int32)
    base = np.frombuffer(_MEDIA_BASE, np.uint8)
    own = at[there]
    places, digests, hashes = _write_media(
        own, what.picture[there], what.copy[there], base, BASE32, DIGITS, key
    )
    values = pa.StructArray.from_arrays(
        [
            _fixed(places),
            _fixed(digests),
            _fixed(hashes),
            _MIMES.take(pa.array((own % 4).astype(np.int8))),
        ],
        fields=list(_MEDIA.value_type),
    )
    return pa.ListArray.from_arrays(pa.array(ends), values, type=_MEDIA)


def _fixed(octets: Octets) -> pa.StringArray:
    starts = np.arange(len(octets) + 1, dtype=np.int32) * octets.shape[1]
    return string_array(starts.astype(np.int32), octets.reshape(-1))


@kernel
def _write_media(
    at: Longs,
    picture: Keys,
    copy: Keys,
    base: Octets,
    base32: Octets,
    digits: Octets,
    key: np.uint64,
) -> tuple[Octets, Octets, Octets]:
    """URIs, SHA-256 digests and PDQ hashes, a row of letters each."""
    places = np.empty((len(at), len(base) + _MEDIA_KEY), np.uint8)
    digests = np.empty((len(at), 64), np.uint8)
    hashes = np.empty((len(at), 64), np.uint8)
    bits = np.empty(256, np.uint8)
    for i in range(len(at)):
        places[i, : len(base)] = base
        upload = draw(draw(key, at[i]), 20)
        key_characters(upload, places[i], len(base), _MEDIA_KEY, base32)
        write_sha256(picture[i], copy[i], digests[i], 0, digits)
        pdq_bits(picture[i], copy[i], bits)
        write_hexadecimal(bits, hashes[i], 0, digits)
    return places, digests, hashes
