"""CSV as columns of text; a row that is not as its header has it is set aside, not guessed at.

The standard library's reader is used, and not Arrow's: it says exactly which bytes a bad row was
made of, whatever their encoding, and it goes on after it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from leeward.connectors._conform import as_string
from leeward.connectors._decoded import Refused
from leeward.errors import InputError
from leeward.model import bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from leeward.connectors._files import Stream
    from leeward.connectors._tablemap import TableMap

__all__ = ["Rows", "csv_batches"]

_ROWS: Final = 65_536
"""Rows of a batch."""


class Rows(NamedTuple):
    """Some rows of a table.

    Attributes:
        batch: Their columns.
        numbers: The place of each row in the table, from 1, shape (rows,).
        refused: Rows between them that have not one cell for each column.
    """

    batch: pa.RecordBatch
    numbers: npt.NDArray[np.int64]
    refused: list[Refused]

    def __repr__(self) -> str:
        """The counts only: content stays out of ``repr``."""
        return f"<Rows rows={len(self.batch)} refused={len(self.refused)}>"

    @property
    def end(self) -> int:
        """The place of the last of them; 0 where there are none."""
        last = int(self.numbers[-1]) if len(self.numbers) else 0
        return max(last, self.refused[-1].line if self.refused else 0)


def csv_batches(stream: Stream, table_map: TableMap, where: str) -> Iterator[Rows]:
    """Read a CSV with a header; every cell is text, and an empty cell is null.

    Args:
        stream: Its bytes.
        table_map: Says the delimiter and the encoding.
        where: Name of the input, for messages.

    Raises:
        InputError: There is no header, a name in it is there twice, or the encoding is another.
    """
    # Bytes that are not of the encoding come back exactly when a row is refused for them.
    text = io.TextIOWrapper(
        io.BufferedReader(stream), table_map.encoding, "surrogateescape", newline=""
    )
    try:
        yield from _batches(_Reader(text, table_map), where)
    except UnicodeError:
        raise InputError(
            f"The CSV is not written in {table_map.encoding}",
            where=where,
            hint='state its encoding in the map, as in encoding = "latin-1"',
        ) from None


def _batches(reader: _Reader, where: str) -> Iterator[Rows]:
    header = next(reader, None)
    if header is None:
        return
    names = _checked(header, where)
    cells: list[list[str]] = []
    numbers: list[int] = []
    refused: list[Refused] = []
    for number, row in enumerate(reader, 1):
        if isinstance(row, str):
            refused.append(Refused(number, "$", row, reader.raw()))
        elif len(row) != len(names):
            reason = "has fewer cells" if len(row) < len(names) else "has more cells"
            refused.append(Refused(number, "$", f"{reason} than the header", reader.raw()))
        else:
            cells.append(row)
            numbers.append(number)
        if len(cells) + len(refused) == _ROWS:
            yield Rows(_columns(names, cells), np.array(numbers, np.int64), refused)
            cells, numbers, refused = [], [], []
    if cells or refused:
        yield Rows(_columns(names, cells), np.array(numbers, np.int64), refused)


class _Reader:
    """Rows of a CSV, a reason in words for one that breaks the form, and the text of each."""

    def __init__(self, text: io.TextIOWrapper, table_map: TableMap) -> None:
        self._text = text
        self._lines: list[str] = []
        self._encoding = table_map.encoding
        self._rows = csv.reader(self._numbered(), delimiter=table_map.delimiter, strict=True)

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> list[str] | str:
        while True:
            self._lines.clear()
            try:
                row = next(self._rows)
            except csv.Error:
                return "has a quote out of place, or a cell that is too long"
            if row:
                return row

    def raw(self) -> bytes:
        """The bytes of the last row, at most ``MAX_LINE`` of them."""
        text = "".join(self._lines)
        return text.encode(self._encoding, "surrogateescape")[: bounds.MAX_LINE]

    def _numbered(self) -> Iterator[str]:
        while line := self._text.readline(bounds.MAX_LINE):
            self._lines.append(line)
            yield line


def _checked(header: list[str] | str, where: str) -> list[str]:
    if isinstance(header, str):
        raise InputError(
            "The CSV has no header that can be read",
            where=where,
            hint="its first line names the columns; the map states the delimiter",
        )
    for place, name in enumerate(header, 1):
        if name in header[: place - 1]:
            # Not by its name: where the header is missing that is a cell, which is content.
            raise InputError(
                f"Columns {header.index(name) + 1} and {place} of the CSV have the same name",
                where=where,
                hint="give the columns different names in the first line",
            )
    return header


def _columns(names: list[str], rows: list[list[str]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.RecordBatch.from_arrays([_column(cells) for cells in columns], names=names)


def _column(cells: tuple[str, ...]) -> pa.Array:
    values = [cell or None for cell in cells]
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        octets = [None if v is None else v.encode("utf-8", "surrogateescape") for v in values]
        return as_string(pa.array(octets, pa.binary()))
