"""Banks as files: our own CSV and JSONL, and what HMA, threatexchange and the PDQ tools read."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import msgspec

from leeward.connectors._bank_video import frames_json, frames_line
from leeward.errors import UsageError
from leeward.model import hash_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from leeward.store.tables import Listed

__all__ = ["EXPORT_FORMS", "ExportForm", "write_bank"]

ExportForm: TypeAlias = Literal["csv", "jsonl", "threatexchange", "hma", "pdq"]
EXPORT_FORMS: Final[tuple[ExportForm, ...]] = get_args(ExportForm)

_OURS: Final = (
    "entry",
    "algorithm",
    "value",
    "exchange",
    "member",
    "external_id",
    "classification",
    "listed_at",
    "added_at",
)
_SIGNALS: Final = {"md5": "video_md5", "sha256": "video_sha256"}
"""What the threatexchange library calls the algorithms that it has under another name."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def write_bank(rows: Iterable[Listed], form: ExportForm, *, values: bool) -> Iterator[str]:
    """The lines of a file, each with its line feed.

    Args:
        rows: Listings that stand, by entry.
        form: ``csv`` and ``jsonl`` have a line for each listing; ``threatexchange`` has the
            columns of ``threatexchange dataset -P --csv``; ``hma`` an object with ``signals`` for
            each entry; ``pdq`` a bare hash for each PDQ entry.
        values: Whether ``rows`` have values; the last three forms are nothing without them.

    Raises:
        UsageError: The form needs values.
    """
    if not values and form not in {"csv", "jsonl"}:
        raise UsageError(
            f"the format {form} is a list of hash values",
            where="format",
            hint="use csv or jsonl, or ask for the values",
        )
    return _WRITERS[form](rows)


def _csv(rows: Iterable[Listed]) -> Iterator[str]:
    yield from _table(_OURS, ([_ours(row)[name] for name in _OURS] for row in rows))


def _jsonl(rows: Iterable[Listed]) -> Iterator[str]:
    for row in rows:
        told = {name: value for name, value in _ours(row).items() if value not in {None, ""}}
        yield msgspec.json.encode(told).decode() + "\n"


def _threatexchange(rows: Iterable[Listed]) -> Iterator[str]:
    head = ("signal_type", "signal_str", "collab", "category", "tags")
    cells = (
        [_signal(row), _theirs(row), row.provenance.exchange, row.provenance.classification, ""]
        for row in rows
    )
    yield from _table(head, cells)


def _hma(rows: Iterable[Listed]) -> Iterator[str]:
    for row in _entries(rows):
        yield (
            msgspec.json.encode({"id": row.entry, "signals": {_signal(row): _theirs(row)}}).decode()
            + "\n"
        )


def _pdq(rows: Iterable[Listed]) -> Iterator[str]:
    for row in _entries(rows):
        if row.algorithm == "pdq":
            yield f"{_value(row)}\n"


_WRITERS: Final[dict[ExportForm, Callable[[Iterable[Listed]], Iterator[str]]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "threatexchange": _threatexchange,
    "hma": _hma,
    "pdq": _pdq,
}


def _entries(rows: Iterable[Listed]) -> Iterator[Listed]:
    """The first listing of each entry."""
    for _, group in groupby(rows, key=attrgetter("entry")):
        yield next(group)


def _ours(row: Listed) -> dict[str, Any]:
    told = row.provenance
    return {
        "entry": row.entry,
        "algorithm": row.algorithm,
        "value": _value(row),
        "exchange": told.exchange,
        "member": told.member,
        "external_id": told.external_id,
        "classification": told.classification,
        "listed_at": _time(told.at),
        "added_at": _time(row.added_at),
    }


def _value(row: Listed) -> str | None:
    if row.value is None:
        return None
    return frames_line(row.frames) if row.frames else hash_text(row.value)


def _theirs(row: Listed) -> str | None:
    """A value as the threatexchange library has it."""
    return frames_json(row.frames) if row.frames else _value(row)


def _signal(row: Listed) -> str:
    return _SIGNALS.get(row.algorithm, row.algorithm)


def _time(micros: int | None) -> str | None:
    if micros is None:
        return None
    return (_EPOCH + timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        writer.writerow(row)
    yield text.getvalue()
