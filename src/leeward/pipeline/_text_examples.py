"""Files of labelled messages, and the refusal of those that say they were reported."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leeward.errors import InputError, UsageError
from leeward.model import bounds
from leeward.signals import TextExample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["REPORTED_SOURCES", "read_text_examples"]

REPORTED_SOURCES: Final = frozenset(
    (
        *("report", "reports", "reported", "user report", "user reports", "user_report"),
        *("flag", "flags", "flagged", "notice", "notices", "complaint", "complaints"),
        *("hotline", "cybertip", "cybertipline", "ncmec", "nca", "iwf", "inhope"),
        *("trusted flagger", "trusted_flagger", "law enforcement", "law_enforcement"),
    )
)
"""What ``source`` says of material that was reported: by a user, or to an authority."""

_LABELS: Final = {
    **dict.fromkeys(("rare", "1", "true", "yes", "positive"), "rare"),
    **dict.fromkeys(("ordinary", "0", "false", "no", "negative"), "ordinary"),
}
_UNREPORTED: Final = frozenset(("", "0", "false", "no", "none"))
_FORM: Final = "give the columns text and label (rare or ordinary), and lang and account if known"


def read_text_examples(path: str | os.PathLike[str]) -> list[TextExample]:
    """Read a CSV, JSON lines or Parquet file of labelled messages.

    The columns are ``text`` and ``label`` (``rare`` or ``ordinary``; also 1 or 0, true or false),
    and if known ``lang``, ``account``, ``source`` and ``reported``. Others may stand beside them.

    Material that somebody reported is never learnt from: a file that holds a row whose ``reported``
    is true, or whose ``source`` is one of :data:`REPORTED_SOURCES`, is refused as a whole. It is
    enforced as far as the file says where its rows are from.

    Raises:
        InputError: It cannot be read, lacks a column, a row is not of the form, or a row was
            reported; the row is named by its line or number, and nothing of it is told.
        UsageError: The ending of its name says no form.
    """
    file = Path(path)
    match file.suffix:
        case ".csv":
            rows = _csv(file)
        case ".jsonl" | ".ndjson":
            rows = _lines(file)
        case ".parquet":
            rows = _parquet(file)
        case _:
            raise UsageError(
                "the ending of the name says no form",
                where=str(file),
                hint="end it with .csv, .jsonl or .parquet",
            )
    return [_example(where, row) for where, row in rows]


def _example(where: str, row: Mapping[str, Any]) -> TextExample:
    source = " ".join(str(row.get("source") or "").casefold().replace("-", " ").split())
    reported = str(row.get("reported") or "").strip().casefold()
    if source in REPORTED_SOURCES or reported not in _UNREPORTED:
        raise InputError(
            "a row says that it was reported, and reported material is never learnt from",
            where=where,
            hint="take such rows out; use messages that your own reviewers found and labelled",
        )
    text, label = row.get("text"), _LABELS.get(str(row.get("label")).strip().casefold())
    if not isinstance(text, str) or len(text) > bounds.MAX_TEXT or label is None:
        wrong = "its label is not rare or ordinary" if label is None else "it has no text"
        raise InputError(f"a row is not of the form: {wrong}", where=where, hint=_FORM)
    given = {name: _word(row, name) for name in ("lang", "account")}
    return msgspec.convert({"text": text, "label": label, **given}, TextExample)


def _word(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)


def _csv(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines, strict=True)
            _check_columns(file, rows.fieldnames or ())
            for row in rows:
                yield f"{file}, line {rows.line_num}", row
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            "the file is not CSV in UTF-8", where=str(file), hint="save it as CSV in UTF-8"
        ) from None
    except OSError as error:
        raise _unreadable(file, error) from error


def _lines(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                where = f"{file}, line {number}"
                if not line.strip():
                    continue
                try:
                    row = msgspec.json.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    raise InputError("the line is not JSON", where=where, hint=_FORM) from None
                if not isinstance(row, dict):
                    raise InputError("the line is no JSON object", where=where, hint=_FORM)
                yield where, row
    except OSError as error:
        raise _unreadable(file, error) from error


def _parquet(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    wanted = ("text", "label", "lang", "account", "source", "reported")
    try:
        with pq.ParquetFile(file) as opened:
            names = opened.schema_arrow.names
            _check_columns(file, names)
            table = opened.read(columns=[name for name in wanted if name in names])
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the file cannot be read as Parquet", where=str(file), hint="give a .parquet file"
        ) from error
    for number, row in enumerate(table.to_pylist(), 1):
        yield f"{file}, row {number}", row


def _check_columns(file: Path, names: Iterable[str]) -> None:
    missing = [name for name in ("text", "label") if name not in {*names}]
    if missing:
        raise InputError(
            f"the file has no column {' and no column '.join(missing)}",
            where=str(file),
            hint=_FORM,
        )


def _unreadable(file: Path, error: OSError) -> InputError:
    return InputError(
        "the file cannot be read", where=str(file), hint=os.strerror(error.errno or 5)
    )
