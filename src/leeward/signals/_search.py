"""Searching texts for terms in both views."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
from ahocorasick_rs import BytesAhoCorasick, Implementation

from leeward.model import fold, string_buffers
from leeward.signals._alphabet import SYMBOL, alphabet
from leeward.signals._deep import deep_view
from leeward.signals._judge import Terms, judge_matches
from leeward.signals._offsets import source_offsets
from leeward.signals._places import END, START, counts_here, has_words
from leeward.signals._plain import may_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from leeward.signals._alphabet import Alphabet
    from leeward.signals._deep import View
    from leeward.signals._term import Term

__all__ = ["DEEP_UNITS", "DeepSearch", "Hit", "PlainSearch"]

DEEP_UNITS: Final = 4
"""The fewest base letters that are looked for in disguise; of Han and kana, two are enough."""

_HAN: Final = 0x2E80


class Hit(NamedTuple):
    """A term in a row's source text."""

    row: int
    term: int
    start: int
    end: int


def _edges(term: Term) -> int:
    text = term.term.strip()
    start = term.boundary in ("both", "start") and has_words(text[0])
    end = term.boundary in ("both", "end") and has_words(text[-1])
    return START * start | END * end


def _automaton(patterns: Sequence[bytes]) -> BytesAhoCorasick:
    return BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA)


def _matches(automaton: BytesAhoCorasick, octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    found = automaton.find_matches_as_indexes(octets.data, overlapping=True)
    return np.array(found, np.int64).reshape(-1, 3)


def _marks(text: str) -> list[str]:
    return [char for char in unicodedata.normalize("NFKD", text) if unicodedata.combining(char)]


class PlainSearch:
    """Terms in folded text."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms: Final = terms
        self._edges: Final = np.array([_edges(term) for term in terms], np.uint8)
        self._automaton: Final = _automaton([fold(term.term.strip()).encode() for term in terms])

    def hits(self, texts: pa.Array, folded: pa.Array) -> Iterator[Hit]:
        """The terms that count, row by row as they end.

        Args:
            texts: The source texts, without nulls.
            folded: The same, folded.
        """
        starts, octets = string_buffers(folded)
        octets = octets[starts[0] : starts[-1]]
        starts = starts - starts[0]
        matches = _matches(self._automaton, octets)
        rows = may_count(matches, starts, octets, self._edges)
        source, at_row = "", -1
        places: _Places | None = None
        for kept in np.flatnonzero(rows >= 0).tolist():
            row, (term, first, last) = int(rows[kept]), matches[kept].tolist()
            low = int(starts[row])
            if row != at_row:
                source, at_row = texts[row].as_py(), row
                places = (
                    None if source.isascii() else _Places(octets[low : starts[row + 1]], source)
                )
            start, end = first - low, last - low
            if places is not None:
                start, end = places.source(start, end)
            if self._counts(source, term, start, end):
                yield Hit(row, term, start, end)

    def _counts(self, source: str, number: int, start: int, end: int) -> bool:
        term = self._terms[number]
        if term.cased and unicodedata.normalize("NFKC", source[start:end]) != (
            unicodedata.normalize("NFKC", term.term.strip())
        ):
            return False
        if term.marked and _marks(source[start:end]) != _marks(term.term):
            return False
        return counts_here(source, start, end, int(self._edges[number]), term.hashtags)


class _Places:
    """From octets of a folded row to code points of its source."""

    def __init__(self, octets: npt.NDArray[np.uint8], source: str) -> None:
        # How many code points begin at or before an octet.
        self._points: Final = np.cumsum(octets & 0xC0 != 0x80)
        self._begins, self._ends = source_offsets(source)

    def source(self, first: int, last: int) -> tuple[int, int]:
        """The span in the source of the octets from ``first`` to ``last``."""
        return self._begins[self._points[first] - 1], self._ends[self._points[last - 1] - 1]


class DeepSearch:
    """Terms in disguise."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms: Final = terms
        chosen = [n for n, term in enumerate(terms) if term.disguised and not term.cased]
        symbols = frozenset().union(*(_symbols(terms[n].term) for n in chosen))
        self._table: Final[Alphabet] = alphabet().with_symbols(symbols)
        whole = [terms[n].term.strip() for n in chosen]
        written = self._view(pa.array(whole, pa.string()))
        # Where letters are set apart, so are those of a double letter.
        apart = self._view(pa.array([".".join(term) for term in whole], pa.string()))
        forms = []
        for number, form, parted in zip(chosen, _forms(written), _forms(apart), strict=True):
            if sum(form.runs) >= _fewest(form, symbols):
                forms.append((number, form))
                if parted.letters != form.letters:
                    gaps = [2 * (gap == 2) for gap in parted.gaps]
                    forms.append((number, parted._replace(gaps=gaps)))
        self._numbers: Final = [number for number, _ in forms]
        self._edges: Final = np.array([_edges(terms[n]) for n in self._numbers], np.uint8)
        sizes = [len(form.runs) for _, form in forms]
        self._forms: Final = Terms(
            np.cumsum([0, *sizes], dtype=np.int64),
            _joined([form.runs for _, form in forms]),
            _joined([form.masks for _, form in forms]),
            _joined([form.ends for _, form in forms]),
            _joined([form.gaps for _, form in forms]),
        )
        self._automaton: Final = _automaton([form.letters for _, form in forms])

    def hits(self, texts: pa.Array) -> Iterator[Hit]:
        """The terms that count, row by row as they end.

        Args:
            texts: The source texts, without nulls.
        """
        view = self._view(texts)
        matches = _matches(self._automaton, view.octets)
        row_of = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(view.rows))
        kept = judge_matches(matches, view, row_of, self._forms, self._edges)
        for pattern, first, last in matches[kept].tolist():
            begin, done = int(view.unit_at[first]), int(view.unit_at[last - 1])
            row, number = int(row_of[begin]), self._numbers[pattern]
            start, end = int(view.start[begin]), int(view.end[done])
            source: str = texts[row].as_py()
            term = self._terms[number]
            if term.marked and _marks(source[start:end]) != _marks(term.term):
                continue
            if counts_here(source, start, end, int(self._edges[pattern]), term.hashtags):
                yield Hit(row, number, start, end)

    def _view(self, texts: pa.Array) -> View:
        starts, octets = string_buffers(texts)
        return deep_view(starts, octets, self._table)


class _Form(NamedTuple):
    """A term in the deep view."""

    letters: bytes
    runs: list[int]
    masks: list[int]
    ends: list[int]
    gaps: list[int]


def _forms(view: View) -> Iterator[_Form]:
    rows, octets = view.rows.tolist(), bytes(view.octets).split(b"\0")
    columns = [one.tolist() for one in (view.run, view.masks, view.ends, view.gap)]
    for letters, low, high in zip(octets, rows[:-1], rows[1:], strict=False):
        yield _Form(letters, *(column[low:high] for column in columns))


def _fewest(form: _Form, symbols: frozenset[str]) -> int:
    letters = form.letters.decode()
    if symbols & set(letters):
        return 1
    return 2 if all(ord(letter) >= _HAN for letter in letters) else DEEP_UNITS


def _joined(parts: list[list[int]]) -> npt.NDArray[np.uint8]:
    return np.array([number for part in parts for number in part], np.uint8)


def _symbols(term: str) -> frozenset[str]:
    kind = alphabet().kind
    found = (char for char in term if unicodedata.category(char) == "So")
    return frozenset(char for char in found if kind[ord(char)] & 7 == SYMBOL)
