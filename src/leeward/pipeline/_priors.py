"""A file of priors: what others say of accounts, posts, media and tags."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from leeward.errors import InputError, UsageError
from leeward.network import Prior, parse_prior

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["given_priors", "read_priors"]

_COLUMNS: Final = ("subject", "log_odds", "source")
_HINT: Final = (
    "a subject is account:URI, post:URI, media:HASH or tag:WORD, log_odds is a number from -20 to "
    "20, and source says in a few words who found it"
)


def read_priors(path: str | os.PathLike[str]) -> list[Prior]:
    """Read a Parquet or CSV file with the columns ``subject``, ``log_odds`` and ``source``.

    Others may stand beside them.

    Raises:
        InputError: It cannot be read, lacks a column, or a row is not of the form; the row is
            named by its line or number, and nothing of it is told.
        UsageError: The ending of its name says no form.
    """
    file = Path(path)
    match file.suffix:
        case ".csv":
            return _parsed(_csv(file))
        case ".parquet":
            return _parsed(_parquet(file))
    raise UsageError(
        "the ending of the name says no form", where=str(file), hint="end it with .parquet, .csv"
    )


def given_priors(
    rows: Iterable[Prior | Mapping[str, Any] | Sequence[Any]], where: str = "priors"
) -> list[Prior]:
    """Priors as a program gives them: ready ones, or rows with the columns of a file.

    Raises:
        InputError: A row is not of the form; it is named by its place.
    """
    made: list[Prior] = []
    for place, row in enumerate(rows):
        if isinstance(row, Prior):
            made.append(row)
        else:
            made += _parsed([(f"{where}[{place}]", _fields(row))])
    return made


def _fields(row: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
    if hasattr(row, "keys"):
        return [dict(row).get(name) for name in _COLUMNS]
    return () if isinstance(row, str) else row


def _parsed(rows: Iterable[tuple[str, Sequence[Any]]]) -> list[Prior]:
    made = []
    for where, fields in rows:
        if len(fields) != len(_COLUMNS):
            raise InputError(
                f"there are not {len(_COLUMNS)} fields", where=where, hint=", ".join(_COLUMNS)
            )
        try:
            made.append(parse_prior(*fields))
        except ValueError as error:
            raise InputError(str(error), where=where, hint=_HINT) from None
    return made


def _csv(file: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines, strict=True)
            _check_columns(file, rows.fieldnames or ())
            for row in rows:
                yield f"{file}, line {rows.line_num}", [row[name] for name in _COLUMNS]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            "the file is not CSV in UTF-8", where=str(file), hint="save it as CSV in UTF-8"
        ) from None
    except OSError as error:
        raise InputError(
            "the file cannot be read", where=str(file), hint="name a file that you may read"
        ) from error


def _parquet(file: Path) -> Iterator[tuple[str, Sequence[Any]]]:
    try:
        with pq.ParquetFile(file) as opened:
            _check_columns(file, opened.schema_arrow.names)
            table = opened.read(columns=list(_COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the file cannot be read as Parquet", where=str(file), hint="give a .parquet or .csv"
        ) from error
    columns = [table[name].to_pylist() for name in _COLUMNS]
    for number, row in enumerate(zip(*columns, strict=True), 1):
        yield f"{file}, row {number}", row


def _check_columns(file: Path, names: Iterable[str]) -> None:
    missing = [name for name in _COLUMNS if name not in {*names}]
    if missing:
        raise InputError(
            f"the file has no column {' and no column '.join(missing)}",
            where=str(file),
            hint="give the columns subject, log_odds and source",
        )
