"""Filler text: words that mean nothing, the same for the same post."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.model import kernel
from leeward.simulate._chance import draw, zipf_table
from leeward.simulate._uris import string_array
from leeward.simulate._words import table_of, words

if TYPE_CHECKING:
    import pyarrow as pa

    from leeward.simulate._content import Carried
    from leeward.simulate._types import Ints, Longs, Octets, Shorts

__all__ = ["Vocabulary", "texts", "vocabulary"]

_WORDS: Final = 4_096


class Vocabulary(NamedTuple):
    """The words of all texts, and which of them are frequent (by quantile / 65536)."""

    starts: Longs
    octets: Octets
    ranks: Shorts


class _Asked(NamedTuple):
    """What decides a text: a row each."""

    at: Longs
    topic: Shorts
    words: Ints
    word: Ints


def vocabulary(rng: np.random.Generator) -> Vocabulary:
    """Made-up words; the frequent ones are short."""
    spoken = [*words(rng, 28, 1), *words(rng, 900, 2), *words(rng, _WORDS - 928, 3)]
    table = table_of(spoken)
    return Vocabulary(table.starts, table.octets, zipf_table(_WORDS, 0.95, offset=4.0))


def texts(
    vocabulary: Vocabulary, at: Longs, topic: Shorts, what: Carried, key: np.uint64
) -> pa.StringArray:
    """A text for each row that has one; null for the others."""
    asked = _Asked(at, topic, what.words, what.word)
    starts, octets = _write(vocabulary, asked, key)
    return string_array(starts, octets, what.words >= 0)


@kernel
def _write(vocabulary: Vocabulary, asked: _Asked, key: np.uint64) -> tuple[Ints, Octets]:
    begin, octets = vocabulary.starts, vocabulary.octets
    starts = np.zeros(len(asked.at) + 1, np.int32)
    chosen = _chosen(asked, vocabulary.ranks, key)
    counts = asked.words
    number = 0
    for i in range(len(counts)):
        length = max(0, counts[i])  # a blank behind each word, a full stop behind the last
        for _ in range(counts[i]):
            length += begin[chosen[number] + 1] - begin[chosen[number]]
            number += 1
        starts[i + 1] = starts[i] + length
    out = np.empty(starts[-1], np.uint8)
    number = place = 0
    for i in range(len(counts)):
        for _ in range(counts[i]):
            for j in range(begin[chosen[number]], begin[chosen[number] + 1]):
                out[place] = octets[j]
                place += 1
            out[place] = 0x20
            place += 1
            number += 1
        if counts[i] > 0:
            out[place - 1] = 0x2E
    return starts, out


@kernel
def _chosen(asked: _Asked, ranks: Shorts, key: np.uint64) -> Ints:
    """The words of all texts; two in five are among those that the topic prefers."""
    at, topic, counts, special = asked.at, asked.topic, asked.words, asked.word
    chosen = np.empty(np.maximum(counts, 0).sum(), np.int32)
    place = 0
    for i in range(len(counts)):
        own = draw(key, at[i])
        for number in range(counts[i]):
            bits = draw(own, 32 + number)
            word = np.int64(ranks[bits & np.uint64(0xFFFF)])
            if (bits >> np.uint64(32)) % np.uint64(5) < np.uint64(2):
                word = (np.int64(topic[i]) * 61 + word % 64) % _WORDS
            if special[i] >= 0 and number == counts[i] // 2:
                word = np.int64(special[i])
            chosen[place] = word
            place += 1
    return chosen
