"""Files of hash lists: what form they have, and their lines as entries, some at a time."""

from __future__ import annotations

import csv
import hashlib
import io
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from leeward.connectors._bank_lines import (
    BadLine,
    BankDefaults,
    EntryLines,
    column_names,
    decoded,
)
from leeward.connectors._files import Stream, chunks
from leeward.errors import InputError
from leeward.model import bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from leeward.connectors._files import Opened
    from leeward.model import NewEntry

__all__ = ["BANK_FORMS", "BankFile", "BankForm", "BankRows", "detect_bank_form"]

BankForm: TypeAlias = Literal["csv", "json", "lines"]
BANK_FORMS: Final[tuple[BankForm, ...]] = get_args(BankForm)

Line: TypeAlias = "tuple[int, Callable[[], Iterable[NewEntry]]]"
"""The number of a line, and what gives its entries or says why it has none."""

ROWS: Final = 50_000
"""Lines of a part."""

_MOST_ARRAY: Final = 64 << 20
"""Bytes of a JSON array, which is read as a whole."""


class BankRows(NamedTuple):
    """Some lines of a list.

    Attributes:
        entries: Those that could be read.
        bad: Those that could not.
    """

    entries: list[NewEntry]
    bad: list[BadLine]

    def __repr__(self) -> str:
        """How many: hash values are secrets."""
        return f"<BankRows entries={len(self.entries)} bad={len(self.bad)}>"


class BankFile:
    """A hash list that is open for reading.

    Args:
        opened: The file.
        form: Its form; seen from its beginning, if not given.
        defaults: What its lines do not say themselves.
    """

    def __init__(
        self, opened: Opened, form: BankForm | None = None, defaults: BankDefaults | None = None
    ) -> None:
        if opened.content != "text":
            raise InputError(
                "A hash list is not read from Parquet", where=opened.name, hint="write it as CSV"
            )
        self._name = opened.name
        self._head = opened.head
        self._stream = _Digesting(opened.stream)
        self._lines = EntryLines(defaults or BankDefaults())
        self.form = detect_bank_form(opened.head) if form is None else form

    def parts(self, rows: int = ROWS) -> Iterator[BankRows]:
        """All lines of the file, in order, at most ``rows`` of them at a time.

        Raises:
            InputError: The file as a whole cannot be read.
        """
        entries: list[NewEntry] = []
        bad: list[BadLine] = []
        count = 0
        for number, line in self._read():
            if count >= rows:
                yield BankRows(entries, bad)
                entries, bad, count = [], [], 0
            count += 1
            try:
                entries.extend(line())
            except InputError as fault:
                bad.append(BadLine(number, fault.message))
        if count:
            yield BankRows(entries, bad)

    def digest(self) -> str:
        """SHA-256 of what was read, decompressed and without a byte order mark."""
        return self._stream.sha256.hexdigest()

    def _read(self) -> Iterator[Line]:
        if self.form == "csv":
            return self._csv()
        if self.form == "lines":
            return self._text()
        if self._head.lstrip().startswith(b"["):
            return self._array()
        return self._json()

    def _json(self) -> Iterator[Line]:
        for number, line in _numbered(self._stream):
            if line.strip():
                yield number, partial(self._of_json, line)

    def _array(self) -> Iterator[Line]:
        body = io.BufferedReader(self._stream).read(_MOST_ARRAY + 1)
        if len(body) > _MOST_ARRAY:
            raise InputError(
                f"The JSON array has more than {_MOST_ARRAY:,} bytes",
                where=self._name,
                hint="write one object a line, without brackets and commas between them",
            )
        try:
            items = msgspec.json.decode(body, type=list[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InputError(
                "The file begins as a JSON array and is none",
                where=self._name,
                hint="write one object a line; a bad line does not harm the rest then",
            ) from None
        for number, item in enumerate(items, 1):
            yield number, partial(self._of_json, bytes(item))

    def _text(self) -> Iterator[Line]:
        for number, line in _numbered(self._stream):
            yield number, partial(self._of_text, line)

    def _of_json(self, line: bytes) -> Iterable[NewEntry]:
        return self._lines.json(decoded(line))

    def _of_text(self, line: bytes) -> Iterable[NewEntry]:
        try:
            entry = self._lines.text(line.decode())
        except UnicodeDecodeError:
            raise InputError("is not UTF-8") from None
        return () if entry is None else (entry,)

    def _csv(self) -> Iterator[Line]:
        text = io.TextIOWrapper(
            io.BufferedReader(self._stream), "utf-8", "surrogateescape", newline=""
        )
        rows = csv.reader(iter(lambda: text.readline(bounds.MAX_LINE), ""), strict=True)
        names = self._header(next(rows, []))
        number = rows.line_num
        while True:
            number = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error:
                yield number, _broken
                continue
            if row is None:
                return
            if row:
                yield number, partial(self._of_row, names, row)

    def _of_row(self, names: list[str], row: list[str]) -> Iterable[NewEntry]:
        if len(row) != len(names):
            raise InputError(f"has {len(row)} cells, and the header has {len(names)}")
        return (self._lines.row(dict(zip(names, row, strict=True))),)

    def _header(self, header: list[str]) -> list[str]:
        names = column_names(header)
        if "value" not in names or len(set(names)) < len(names):
            raise InputError(
                "The first line of the CSV does not name the columns, `value` once among them",
                where=self._name,
                hint="begin it with: algorithm,value,exchange,member,external_id",
            )
        return names


def detect_bank_form(head: bytes) -> BankForm:
    """The form of a list, by its first bytes: JSON, a CSV with a header, or plain lines."""
    head = head.lstrip()
    if head.startswith((b"{", b"[")):
        return "json"
    first = head.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return "csv" if "value" in column_names(first.replace('"', "").split(",")) else "lines"


def _broken() -> Iterable[NewEntry]:
    raise InputError("has a quote out of place, or a cell that is too long")


def _numbered(stream: Stream) -> Iterator[tuple[int, bytes]]:
    for chunk in chunks(stream):
        lines = chunk.data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        yield from enumerate(lines, chunk.first_line)


class _Digesting(Stream):
    """A stream that knows the digest of what it gave."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        part = self._stream.read(size)
        self.sha256.update(part)
        return part
