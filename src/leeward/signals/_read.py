"""An operator's list as text: CSV, JSON lines or TOML."""

from __future__ import annotations

import csv
import io
import tomllib
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from leeward.errors import InputError
from leeward.signals._term import MAX_TERMS, Term

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ListForm", "read_terms"]

ListForm: TypeAlias = Literal["csv", "jsonl", "toml"]

_KEYS: Final = {"class" if name == "of" else name for name in Term.__struct_fields__}
_FLAGS: Final = ("cased", "marked", "disguised")
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_terms(text: str, form: ListForm, where: str = "lexicon") -> list[Term]:
    """The entries of a list.

    Args:
        text: The whole list, decoded.
        form: How it is written.
        where: What to call it in errors.

    Raises:
        InputError: It does not follow the form. The error names the line (or the number of the
            table) and the field, never what stands there.
    """
    reader = {"csv": _csv, "jsonl": _jsonl, "toml": _toml}[form]
    terms: list[Term] = []
    for place, row in reader(text.removeprefix("\ufeff"), where):
        terms.append(_term(row, f"{where}: {place}"))
        if len(terms) > MAX_TERMS:
            raise InputError(
                f"a list holds at most {MAX_TERMS:,} terms",
                where=where,
                hint="split it in two; each is a signal of its own",
            )
    return terms


def _term(row: object, where: str) -> Term:
    if not isinstance(row, dict):
        raise InputError("an entry is a set of named fields", where=where)
    for key in row:
        if key not in _KEYS:
            # A wrong key may be a term that slipped into the header: it is not repeated.
            raise InputError(
                "there is a field that no entry has",
                where=where,
                hint=f"the fields are {', '.join(sorted(_KEYS))}",
            )
    given = {"of" if key == "class" else key: value for key, value in row.items()}
    for key in ("term", "of"):
        if not given.get(key):
            name = "class" if key == "of" else key
            raise InputError(f"an entry needs a {name}", where=f"{where}, {name}")
    for key, value in given.items():
        try:
            msgspec.convert({"term": "x", "of": "x", key: value}, Term)
        except msgspec.ValidationError:
            name = "class" if key == "of" else key
            raise InputError(
                "the value does not fit the field",
                where=f"{where}, {name}",
                hint="docs/reference/lexicons.md says what a field may hold",
            ) from None
    return msgspec.convert(given, Term)


def _csv(text: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            place = f"line {reader.line_num}"
            if None in row or None in row.values():
                raise InputError(
                    "the line has another number of fields than the first",
                    where=f"{where}: {place}",
                    hint="put a field that holds a comma between double quotes",
                )
            given: dict[str, Any] = {key: value for key, value in row.items() if value != ""}
            for flag in _FLAGS:
                if flag in given:
                    given[flag] = _TRUTH.get(given[flag].lower(), given[flag])
            yield place, given
    except csv.Error:
        raise InputError(
            "this is not CSV", where=f"{where}: line {reader.reader.line_num}"
        ) from None


def _jsonl(text: str, where: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError:
            raise InputError("this is not JSON", where=f"{where}: line {number}") from None
        yield f"line {number}", row


def _toml(text: str, where: str) -> Iterator[tuple[str, object]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Only the place: the rest of the message may repeat what stands there.
        place = str(error).rpartition("(")[2].rstrip(")")
        raise InputError("this is not TOML", where=f"{where}: {place}") from None
    rows = tables.pop("term", [])
    if tables or not isinstance(rows, list):
        raise InputError("a list in TOML consists of [[term]] tables", where=where)
    for number, row in enumerate(rows, 1):
        yield f"[[term]] number {number}", row
