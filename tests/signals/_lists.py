"""Made-up words, and rows of a log that hold texts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pyarrow as pa

from leeward.model import EVENT_SCHEMA, Event, columns_of, fold
from leeward.signals import Lexicon, Looked, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["batch_of", "found", "lexicon_of", "made_up", "rows_of", "spans_of"]


def made_up(count: int, shortest: int, longest: int, seed: int = 1) -> list[str]:
    """Words that no language has, one consonant and one vowel in turn."""
    rng = random.Random(seed)  # noqa: S311 - made-up words
    words: dict[str, None] = {}
    while len(words) < count:
        size = rng.randint(shortest, longest)
        words["".join(rng.choice(("bdfghjklmnprstvwz", "aeiou")[k % 2]) for k in range(size))] = (
            None
        )
    return list(words)


def batch_of(
    texts: Sequence[str | None], tags: Sequence[Sequence[str]] | None = None
) -> pa.RecordBatch:
    """Rows as the log holds them."""
    count = len(texts)
    folded = [None if text is None or text.isascii() else fold(text) for text in texts]
    return pa.RecordBatch.from_arrays(
        [
            pa.array(range(1, count + 1), pa.int64()),
            pa.array([f"post:{n}" for n in range(count)], pa.string()),
            pa.array(texts, pa.string()),
            pa.array(tags or [[]] * count, pa.list_(pa.string())),
            pa.array(folded, pa.string()),
        ],
        ["seq", "object", "text", "tags", "folded"],
    )


def rows_of(events: Sequence[Event]) -> pa.RecordBatch:
    """Events as the log would hold them."""
    batch = columns_of(events)
    folded = [None if e.text is None or e.text.isascii() else fold(e.text) for e in events]
    seq = pa.array(range(1, len(events) + 1), pa.int64())
    columns = [seq, seq, *batch.columns, pa.array(folded, pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=EVENT_SCHEMA)


def lexicon_of(*words: str, **options: object) -> Lexicon:
    """A lexicon of these terms, all with the same options."""
    return Lexicon(Term(term=word, of="boats", **options) for word in words)  # type: ignore[arg-type]


def spans_of(looked: Looked, texts: Sequence[str]) -> dict[int, list[str]]:
    """What is highlighted, per row."""
    return {
        finding.seq - 1: [
            texts[finding.seq - 1][item.start : item.end]
            for item in sorted(finding.evidence, key=lambda item: item.start or 0)
        ]
        for finding in looked.findings
    }


def found(lexicon: Lexicon, *texts: str) -> list[list[str]]:
    """What is highlighted in each of the texts."""
    spans = spans_of(lexicon.look(batch_of(texts), at=0), texts)
    return [spans.get(row, []) for row in range(len(texts))]
