"""The lexicon: an operator's list of terms as a signal."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.errors import InputError, UsageError
from leeward.model import SEVERITIES, EvidenceItem, Finding, Severity, fold
from leeward.signals._read import read_terms
from leeward.signals._search import DeepSearch, PlainSearch
from leeward.signals._signal import ABSTAINED, HIT, MISS, UNASKED, Looked
from leeward.signals._term import MAX_TERMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from leeward.signals._read import ListForm
    from leeward.signals._search import Hit
    from leeward.signals._signal import Example
    from leeward.signals._term import Term

__all__ = ["LEXICON_WEIGHTS", "MAX_EVIDENCE", "Lexicon"]

LEXICON_WEIGHTS: Final[dict[Severity, float]] = {
    "low": 0.25,
    "medium": 0.5,
    "high": 1.0,
    "critical": 2.0,
}
"""Log-odds that a term adds, by severity: set by hand, cautious, until decisions train them."""

MAX_EVIDENCE: Final = 32
"""How many terms a finding names; the heaviest."""

_DETECTOR: Final = "1"
_PIECE: Final = 16_384  # rows; what a piece needs in between fits the processor's caches better


class Lexicon:
    """A list of terms, made ready to search. It never changes: a new list is a new lexicon.

    A finding's score is the largest severity of a term that counts, 1 (low) to 4 (critical). Its
    evidence points to ``lexicon:NAME/NUMBER``, the entry's place in the list from 1 on; its kind is
    ``lexicon.CLASS``, with ``.disguised`` behind it where the term was found in the deep view only.
    Offsets are those of the source text; a term in a tag that the text does not hold has none.

    Neither ``repr`` nor a finding nor an error holds a term.
    """

    def __init__(
        self,
        terms: Iterable[Term],
        *,
        name: str = "lexicon",
        disguised: bool = True,
        examples: tuple[Example, ...] = (),
    ) -> None:
        self._terms: Final = tuple(terms)
        self._name: Final = name
        _check(self._terms, name)
        digest = hashlib.sha256(msgspec.json.encode(self._terms)).hexdigest()[:16]
        self._version: Final = f"{_DETECTOR}-{digest}{'' if disguised else '-plain'}"
        self._plain: Final = PlainSearch(self._terms)
        self._deep: Final = DeepSearch(self._terms) if disguised else None
        self._examples: Final = examples

    @classmethod
    def build(
        cls,
        text: str,
        form: ListForm,
        *,
        name: str = "lexicon",
        where: str = "lexicon",
        disguised: bool = True,
    ) -> Lexicon:
        """A lexicon from a list as text.

        Args:
            text: The list, in the form of docs/reference/lexicons.md.
            form: ``csv``, ``jsonl`` or ``toml``.
            name: The signal's name, as findings have it.
            where: What to call the list in errors.
            disguised: Search the deep view too.

        Raises:
            InputError: The list does not follow the form; the error names line and field.
        """
        return cls(read_terms(text, form, where), name=name, disguised=disguised)

    def __repr__(self) -> str:
        """The name, the size and the version."""
        return f"<Lexicon {self._name}@{self._version} terms={len(self._terms)}>"

    def __len__(self) -> int:
        """How many terms."""
        return len(self._terms)

    @property
    def name(self) -> str:
        """As findings have it."""
        return self._name

    @property
    def version(self) -> str:
        """The detector's number and a digest of the list: one list, one version."""
        return self._version

    @property
    def about(self) -> str:
        """What a hit means, in words."""
        return "a text or tag holds a term of the operator's list"

    @property
    def examples(self) -> tuple[Example, ...]:
        """None for an operator's list, which is secret; the sample of this room has some."""
        return self._examples

    def look(self, batch: pa.RecordBatch, at: int) -> Looked:
        """What the lexicon says of each row: see :class:`~leeward.signals.Signal`.

        Rows without text and tags are not asked. All others are abstained of by an empty list.
        """
        texts = batch.column("text")
        tagged = pc.greater(pc.fill_null(pc.list_value_length(batch.column("tags")), 0), 0)
        asked = pc.or_(texts.is_valid(), tagged).to_numpy(zero_copy_only=False)
        outcomes = np.where(asked, MISS, UNASKED).astype(np.int8)
        if not self._terms:
            outcomes[asked] = ABSTAINED
            return Looked(outcomes, tuple(self._abstained(batch, np.flatnonzero(asked), at)))
        found: list[tuple[int, EvidenceItem]] = []
        for low in range(0, batch.num_rows, _PIECE):
            piece = batch.slice(low, _PIECE)
            found += [(low + row, item) for row, item in self._evidence(piece)]
        by_row: dict[int, list[EvidenceItem]] = {}
        for row, item in found:
            by_row.setdefault(row, []).append(item)
        rows = np.array(sorted(by_row), np.int64)
        outcomes[rows] = HIT
        return Looked(outcomes, tuple(self._hits(batch, rows, by_row, at)))

    def _evidence(self, batch: pa.RecordBatch) -> Iterator[tuple[int, EvidenceItem]]:
        texts = pc.fill_null(batch.column("text"), "")
        known = set()
        for hit, disguised in self._found(texts, _folded(texts, batch)):
            known.add((hit.row, hit.term))
            yield hit.row, self._item(hit, disguised)
        lists = batch.column("tags")
        tags = pc.list_flatten(lists)
        if not len(tags):
            return
        rows = pc.list_parent_indices(lists).to_numpy()
        once = tags.dictionary_encode()
        whole = pc.binary_join_element_wise("#", once.dictionary, "")
        places: dict[int, list[tuple[Hit, bool]]] = {}
        for hit, disguised in self._found(whole, _folded(whole)):
            places.setdefault(hit.row, []).append((hit, disguised))
        for row, tag in zip(rows.tolist(), once.indices.to_pylist(), strict=True):
            for hit, disguised in places.get(tag, ()):
                if (row, hit.term) not in known:
                    known.add((row, hit.term))
                    yield row, self._item(hit._replace(start=-1), disguised)

    def _found(self, texts: pa.Array, folded: pa.Array) -> Iterator[tuple[Hit, bool]]:
        """All hits of a column of texts, and whether they were disguised."""
        plain: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for hit in self._plain.hits(texts, folded):
            plain.setdefault((hit.row, hit.term), []).append((hit.start, hit.end))
            yield hit, False
        deep = dict.fromkeys(self._deep.hits(texts)) if self._deep else {}
        for hit in deep:
            spans = plain.get((hit.row, hit.term), [])
            # Spans of one term follow each other: the last that begins before the end will do.
            before = bisect_left(spans, (hit.end, 0))
            if not before or spans[before - 1][1] <= hit.start:
                yield hit, True

    def _item(self, hit: Hit, disguised: bool) -> EvidenceItem:
        term = self._terms[hit.term]
        return EvidenceItem(
            kind=f"lexicon.{term.of}{'.disguised' if disguised else ''}",
            subject=f"lexicon:{self._name}/{hit.term + 1}",
            weight=LEXICON_WEIGHTS[term.severity],
            start=None if hit.start < 0 else hit.start,
            end=None if hit.start < 0 else hit.end,
        )

    def _hits(
        self,
        batch: pa.RecordBatch,
        rows: np.ndarray[tuple[int], np.dtype[np.int64]],
        by_row: dict[int, list[EvidenceItem]],
        at: int,
    ) -> Iterator[Finding]:
        scores = {LEXICON_WEIGHTS[name]: float(n) for n, name in enumerate(SEVERITIES, 1)}
        for row, seq, subject in _keys(batch, rows):
            items = sorted(by_row[row], key=_order)[:MAX_EVIDENCE]
            yield Finding(
                seq=seq,
                signal=self._name,
                version=self._version,
                subject=subject,
                outcome="hit",
                at=at,
                score=scores[items[0].weight],
                evidence=tuple(items),
            )

    def _abstained(
        self, batch: pa.RecordBatch, rows: np.ndarray[tuple[int], np.dtype[np.int64]], at: int
    ) -> Iterator[Finding]:
        for _, seq, subject in _keys(batch, rows):
            yield Finding(
                seq=seq,
                signal=self._name,
                version=self._version,
                subject=subject,
                outcome="abstained",
                at=at,
                reason="the list is empty",
            )


def _order(item: EvidenceItem) -> tuple[float, int, int, str]:
    start = -1 if item.start is None else item.start
    return (-item.weight, start, -(item.end or 0), item.subject)


def _keys(
    batch: pa.RecordBatch, rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterator[tuple[int, int, str]]:
    taken = batch.select(["seq", "object"]).take(pa.array(rows))
    columns = (taken.column(name).to_pylist() for name in ("seq", "object"))
    return zip(rows.tolist(), *columns, strict=True)


def _folded(texts: pa.Array, batch: pa.RecordBatch | None = None) -> pa.Array:
    """The folded texts: as ingest left them, else folded here."""
    small = pc.ascii_lower(texts)
    if batch is not None and "folded" in batch.schema.names:
        small = pc.coalesce(batch.column("folded"), small)
        missing = pc.and_(batch.column("folded").is_null(), pc.invert(pc.string_is_ascii(texts)))
    else:
        missing = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(missing).as_py():
        return small
    own = pa.array([fold(text) for text in texts.filter(missing).to_pylist()], pa.string())
    return pc.replace_with_mask(small, missing, own)


def _check(terms: tuple[Term, ...], name: str) -> None:
    if len(terms) > MAX_TERMS:
        raise UsageError(f"a lexicon holds at most {MAX_TERMS:,} terms", where=name)
    for number, term in enumerate(terms, 1):
        if not fold(term.term).strip():
            raise InputError(
                "a term needs a letter or a symbol",
                where=f"{name}: entry {number}, term",
                hint="blanks alone are no term",
            )
