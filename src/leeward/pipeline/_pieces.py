"""An input as pieces, each decoded and stored in one step and known again by its content.

A piece's key says what it holds and all that came before it, and nothing else: not the name of
the file, not how it is compressed. A file that has grown, moved or been compressed since is
recognised as far as it is the same, and one that only begins like another is not mistaken for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from leeward.connectors import (
    CUT_BYTES,
    Decoded,
    Jetstream,
    NativeLines,
    Table,
    chunks,
    csv_batches,
    decode_columns,
    numbered,
    open_parquet,
    parquet_batches,
)
from leeward.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from leeward.connectors import Chunk, LineFormat, Opened, Rows, TableMap

    Position: TypeAlias = Callable[[str], int]

__all__ = ["FORMATS", "Format", "Piece", "detect", "pieces"]

Format: TypeAlias = Literal["leeward", "jetstream", "table"]
FORMATS: Final[tuple[Format, ...]] = ("leeward", "jetstream", "table")

_LINES: Final[dict[Format, type[LineFormat]]] = {"leeward": NativeLines, "jetstream": Jetstream}
_READ: Final = 1 << 20


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """Some records of an input.

    Attributes:
        key: Names this content and all before it; None where the input cannot be read twice.
        decode: Decodes it. Not to be called where the key is known already.
    """

    key: str | None
    decode: Callable[[], Decoded]


class _Envelope(msgspec.Struct):
    """What tells a Jetstream message from one of Leeward's events."""

    did: str
    time_us: int
    kind: str


def detect(opened: Opened) -> Format:
    """The format of an input that comes without a map, by its content.

    Raises:
        UsageError: It is a table, which needs a map.
        InputError: It is nothing that is read.
    """
    if opened.content == "parquet" and opened.path is not None:
        if {"id", "kind"} <= set(open_parquet(opened.path).schema_arrow.names):
            return "leeward"
        raise _needs_map(opened)
    _check_text(opened)
    if not opened.head.lstrip().startswith((b"{", b"[")) and opened.head.strip():
        raise _needs_map(opened)
    return "jetstream" if any(map(_is_jetstream, opened.head.splitlines())) else "leeward"


def pieces(
    opened: Opened, form: Format, table_map: TableMap | None, position: Position
) -> Iterator[Piece]:
    """Cut an input into pieces.

    Args:
        opened: The input.
        form: Its format.
        table_map: Its map, with the format ``table``.
        position: How many records the input had up to the end of a piece that an earlier run
            has stored, by the piece's key; 0 where it has not.

    Raises:
        InputError: The input cannot be read, or not in this format.
        MapError: The map does not fit.
    """
    if table_map is not None:
        table = Table(table_map, opened.name)
        if table_map.group_by:
            return _grouped(opened, table, table_map)
        return _rows(opened, table, table_map, position)
    if opened.content == "text":
        return _lines(opened, form)
    if form != "leeward" or opened.path is None:
        raise InputError(
            f"A Parquet file is no {form} input",
            where=opened.name,
            hint="leave --format out, or give a map with --map",
        )
    return _columns(opened.path, position)


def _lines(opened: Opened, form: Format) -> Iterator[Piece]:
    _check_text(opened)
    if opened.head.lstrip().startswith(b"["):
        raise InputError(
            "The file is a JSON array; it is read one event a line",
            where=opened.name,
            hint="turn it into lines, as with jq -c '.[]'",
        )
    line_format = _LINES[form]()
    content = hashlib.sha256(form.encode())
    for chunk in chunks(opened.stream):
        content.update(chunk.data)
        yield Piece(content.hexdigest(), partial(_decode_chunk, line_format, chunk))


def _decode_chunk(line_format: LineFormat, chunk: Chunk) -> Decoded:
    decoded = line_format.decode(chunk.data, chunk.first_line)
    if chunk.cut:
        decoded.noted[CUT_BYTES] += chunk.cut
    return decoded


def _columns(path: Path, position: Position) -> Iterator[Piece]:
    """Pieces of a file in Leeward's own columns; what is known is not even read."""
    file = open_parquet(path)
    content = _digest(path, "leeward")
    start = 0
    while (end := position(f"{content}:{start}")) > start:
        yield Piece(f"{content}:{start}", _nothing)
        start = end
    for batch in parquet_batches(file, path.name, start):
        decode = partial(decode_columns, batch, start + 1, path.name)
        yield Piece(f"{content}:{start}", decode)
        start += len(batch)


def _grouped(opened: Opened, table: Table, table_map: TableMap) -> Iterator[Piece]:
    """One piece: rows of a group may stand anywhere, so the whole table is read at once."""
    key = None if opened.path is None else _digest(opened.path, f"table:{table_map.digest}")
    yield Piece(key, lambda: table.decode_all(_table_rows(opened, table_map, 0)))


def _rows(opened: Opened, table: Table, table_map: TableMap, position: Position) -> Iterator[Piece]:
    start = 0
    content = None
    if opened.path is not None:
        content = _digest(opened.path, f"table:{table_map.digest}")
        while (end := position(f"{content}:{start}")) > start:
            yield Piece(f"{content}:{start}", _nothing)
            start = end
    for rows in _table_rows(opened, table_map, start):
        key = None if content is None else f"{content}:{start}"
        yield Piece(key, partial(table.decode_rows, rows))
        start = rows.end


def _table_rows(opened: Opened, table_map: TableMap, start: int) -> Iterator[Rows]:
    """The rows of a table that come after the first ``start``."""
    if opened.content == "parquet" and opened.path is not None:
        file = open_parquet(opened.path)
        return numbered(parquet_batches(file, opened.name, start), start)
    batches = csv_batches(opened.stream, table_map, opened.name)
    return (rows for rows in batches if rows.end > start)


def _nothing() -> Decoded:
    raise AssertionError("a piece that an earlier run has stored is not decoded again")


def _digest(path: Path, form: str) -> str:
    content = hashlib.sha256(form.encode())
    with path.open("rb") as file:
        while block := file.read(_READ):
            content.update(block)
    return content.hexdigest()


def _is_jetstream(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _check_text(opened: Opened) -> None:
    # A zero byte in what begins as JSON is for its line to answer for, not for the whole file.
    if b"\x00" in opened.head and not opened.head.lstrip().startswith(b"{"):
        raise InputError(
            "The file is neither text nor Parquet",
            where=opened.name,
            hint="give JSON lines in UTF-8, plain or compressed with gzip or zstd, or Parquet",
        )


def _needs_map(opened: Opened) -> UsageError:
    return UsageError(
        "The file is a table, and nothing says what its columns are",
        where=opened.name,
        hint="write a map (see docs/how-to/ingest-a-table.md) and give it with --map",
    )
