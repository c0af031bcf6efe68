"""Copying the tables out and in again: one path for backups of both databases.

A copy is a stream of rows, each with the name of its table. The first names the revision of
the schema, so that an older copy is loaded as what it was and then upgraded. The last counts
the rows between, so that a copy that was cut short is known.
"""

from __future__ import annotations

import base64
import binascii
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from sqlalchemy import LargeBinary, MetaData, Table, delete, func, insert, select

from leeward.errors import AlreadyExists, Corrupt, NewerFormat
from leeward.store.tables._address import shown
from leeward.store.tables._migrate import REVISIONS, open_tables, revision_of, upgrade
from leeward.store.tables._schema import audit_head, metadata
from leeward.store.tables._tables import Tables, connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import URL, Connection, Select

__all__ = ["CopiedRow", "dump", "load"]

Value: TypeAlias = str | int | None

_REVISION: Final = "alembic_version"
_END: Final = "end"
_AT_ONCE: Final = 500


class CopiedRow(NamedTuple):
    """One row of a copy; its values are JSON's strings, integers and null, octets in base64."""

    table: str
    row: dict[str, Value]


def dump(tables: Tables) -> Iterator[CopiedRow]:
    """Every row of every table, as of one moment, while others go on writing."""
    count = 0
    with tables.read() as connection:
        yield CopiedRow(_REVISION, {"version_num": revision_of(connection)})
        for table in metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key)
            with connection.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
                octets = _octets(table)
                for row in rows:
                    values = row._asdict()
                    for column in octets:
                        values[column] = base64.b64encode(values[column]).decode()
                    yield CopiedRow(table.name, values)
                    count += 1
    yield CopiedRow(_END, {"rows": count})


def load(url: str | URL, rows: Iterable[tuple[str, dict[str, Value]]]) -> Tables:
    """Fill an empty database with a copy, wholly or not at all, and upgrade it.

    Args:
        url: As for :func:`leeward.store.tables.open_tables`.
        rows: What :func:`dump` gave, in its order.

    Raises:
        AlreadyExists: The database holds something.
        NewerFormat: The copy was made by a newer Leeward.
        Corrupt: The copy is not what :func:`dump` gives.
    """
    rest = iter(rows)
    revision = _revision(next(rest, None))
    tables = connect(url)
    try:
        with tables.begin() as connection:
            _fill(connection, _emptied(connection, revision), rest)
            upgrade(connection)
    finally:
        tables.close()
    return open_tables(url)


def _revision(first: tuple[str, dict[str, Value]] | None) -> str:
    if first is None or first[0] != _REVISION or set(first[1]) != {"version_num"}:
        raise _corrupt("does not begin with its revision")
    revision = first[1]["version_num"]
    if revision not in REVISIONS:
        raise NewerFormat(
            "the copy of the tables was made by a newer Leeward", hint="use that Leeward"
        )
    return str(revision)


def _emptied(connection: Connection, revision: str) -> dict[str, Table]:
    """The tables as that revision had them, all empty."""
    before = revision_of(connection)
    if before in {None, revision}:
        upgrade(connection, revision)
        connection.execute(delete(audit_head).where(audit_head.c.seq == 0))
        found = MetaData()
        found.reflect(connection)
        tables = {name: table for name, table in found.tables.items() if name != _REVISION}
        if not any(map(connection.scalar, map(_has_rows, tables.values()))):
            return tables
    raise AlreadyExists(
        "the database already holds tables with rows, or tables of another revision",
        where=shown(connection.engine.url),
        hint="restore into a new, empty database",
    )


def _fill(
    connection: Connection,
    tables: dict[str, Table],
    rows: Iterator[tuple[str, dict[str, Value]]],
) -> None:
    count = 0
    for name, group in groupby(rows, key=itemgetter(0)):
        values = (row for _, row in group)
        if name == _END:
            if next(values).get("rows") != count:
                raise _corrupt("has another number of rows than it says")
            _renumber(connection, tables)
            return
        if name not in tables:
            raise _corrupt("has rows of an unknown table")
        columns = set(tables[name].columns.keys())
        octets = _octets(tables[name])
        while some := list(islice(values, _AT_ONCE)):
            if any(set(row) != columns for row in some):
                raise _corrupt("has rows of an unknown form")
            connection.execute(insert(tables[name]), [_decoded(row, octets) for row in some])
            count += len(some)
    raise _corrupt("is cut short")


def _octets(table: Table) -> list[str]:
    """The columns of a table that hold octets, which JSON has no word for. None is ever null."""
    return [column.name for column in table.columns if isinstance(column.type, LargeBinary)]


def _decoded(row: dict[str, Value], octets: list[str]) -> dict[str, Value | bytes]:
    try:
        return row | {name: base64.b64decode(str(row[name]), validate=True) for name in octets}
    except binascii.Error:
        raise _corrupt("has octets of an unknown form") from None


def _renumber(connection: Connection, tables: dict[str, Table]) -> None:
    """Let PostgreSQL go on numbering after the rows that came in; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables.values():
        if "id" in table.columns and table.c.id.identity is not None:
            last = select(func.max(table.c.id)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, "id")
            following = func.setval(sequence, func.coalesce(last, 0) + 1, False)
            connection.execute(select(following))


def _has_rows(table: Table) -> Select[Any]:
    return select(select(table).exists())


def _corrupt(problem: str) -> Corrupt:
    return Corrupt(f"the copy of the tables {problem}", hint="use another backup")
