"""Any table by a map: rows, or groups of rows, become events.

All of it is arithmetic on columns; only rows that may not enter are looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.connectors._cells import Cells, as_texts, join
from leeward.connectors._csv import Rows
from leeward.connectors._decoded import Decoded, Refused
from leeward.connectors._grouping import Groups, distinct_items, first_values, group_rows
from leeward.connectors._lines import Lines, split_lines
from leeward.connectors._rows import rows_as_dicts, to_json
from leeward.errors import InputError, MapError
from leeward.model import ADMITTED_SCHEMA, INPUT_SCHEMA, admit_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from leeward.connectors._tablemap import ListSource, TableMap

    Ints = npt.NDArray[np.int64]

__all__ = ["Table", "numbered"]

_YEAR_1990: Final = 631_152_000_000_000
EARLY: Final = "claimed time before 1990: is the unit of `at` right?"
_SLICE: Final = 65_536
_MEDIA: Final = INPUT_SCHEMA.field("media").type
_NEEDED: Final = {
    "object": "has an empty column in its template",
    "actor": "has an empty column in its template",
    "at": "is empty, or no time in the unit that the map states",
}


class Table:
    """Decodes the rows of a table as its map says.

    Where the map groups, the first value by the order of rows stands for the group in each field
    that holds one, and ``noted`` counts the groups with another; lists hold what is distinct.
    A group is one record in quarantine, so that it comes back whole.

    Args:
        table_map: What the columns are.
        where: Name of the input, for messages.
    """

    name: Final = "table"

    def __init__(self, table_map: TableMap, where: str = "table") -> None:
        self._map = table_map
        self._where = where

    def decode_rows(self, rows: Rows) -> Decoded:
        """Decode rows; where the map groups, all rows of a group must be among them.

        Raises:
            MapError: The table lacks a column of the map, or its type does not fit.
        """
        self._check_names(rows.batch.schema.names)
        refused = list(rows.refused)
        complete = self._complete(rows, refused)
        batch = rows.batch if len(complete) == len(rows.batch) else _taken(rows.batch, complete)
        numbers = rows.numbers[complete]
        cells = Cells(batch, self._where)
        groups = group_rows([cells.text(name) for name in self._map.group_by], len(batch))
        noted: Counter[str] = Counter()
        columns = self._columns(cells, groups, noted)
        admitted, found = _admitted(columns)
        members = groups.members([*found])
        dicts = iter(rows_as_dicts(batch, [row for rows in members for row in rows]))
        for rows_, (field, reason) in zip(members, found.values(), strict=True):
            raw = to_json([next(dicts) for _ in rows_])
            refused.append(Refused(int(numbers[rows_[0]]), field, reason, raw))
        refused.sort(key=lambda item: item.line)
        records = len(rows.batch) + len(rows.refused)
        return Decoded(
            admitted, refused, Counter(), noted, records, merged=len(batch) - groups.total
        )

    def decode_all(self, parts: Iterable[Rows]) -> Decoded:
        """Decode a whole table in one piece, as grouping needs it.

        Raises:
            InputError: It is more than one array of text can hold.
            MapError: As for :meth:`decode_rows`.
        """
        held = list(parts)
        if not held:
            return Decoded(_nothing(), [], Counter(), Counter(), 0)
        try:
            batch = pa.concat_batches([part.batch for part in held])
        except pa.ArrowException:
            raise InputError(
                "The table is too large to be grouped in memory",
                where=self._where,
                hint="split it so that no group is divided, or sort and group it before",
            ) from None
        numbers = np.concatenate([part.numbers for part in held])
        refused = [refused for part in held for refused in part.refused]
        return self.decode_rows(Rows(batch, numbers, refused))

    def decode(self, lines: bytes, first_line: int = 1) -> Decoded:
        """Decode rows as quarantine holds them: a line of JSON with the rows of one event."""
        records = split_lines(lines, first_line)
        parts = [self._line(records, record) for record in range(len(records))]
        batches = [part.batch for part in parts]
        return Decoded(
            pa.concat_batches([_nothing(), *batches]),
            [refused for part in parts for refused in part.refused],
            Counter(),
            sum((part.noted for part in parts), Counter()),
            sum(part.records for part in parts),
            sum(part.merged for part in parts),
        )

    def _line(self, records: Lines, record: int) -> Decoded:
        raw = records.raw(record)
        number = records.refuse(record, "", "").line
        try:
            rows = msgspec.json.decode(raw, type=list[dict[str, str | int | None]])
        except (ValueError, RecursionError):
            refused = records.refuse(record, "$", "is not a list of rows of a table")
            return Decoded(_nothing(), [refused], Counter(), Counter(), 1)
        names = sorted(self._map.columns.union(*rows))
        columns = [pa.array([_cell(row.get(name)) for row in rows], pa.string()) for name in names]
        batch = pa.RecordBatch.from_arrays(columns, names=names)
        return self.decode_rows(Rows(batch, np.full(len(rows), number), []))

    def _check_names(self, names: list[str]) -> None:
        for name in names:
            if names.count(name) > 1:
                raise InputError(
                    f"The column `{name}` is there twice",
                    where=self._where,
                    hint="give the columns different names",
                )
        if missing := sorted(self._map.columns.difference(names)):
            raise MapError(
                f"The table has no column `{missing[0]}`, which the map reads",
                where=self._where,
                hint="compare the header of the table with the map",
            )

    def _complete(self, rows: Rows, refused: list[Refused]) -> Ints:
        """The rows in which no required column is empty; the others are refused."""
        cells = Cells(rows.batch, self._where)
        lacking: dict[int, str] = {}
        for name in reversed(self._map.require):
            empty = cells.text(name).is_null().to_numpy(zero_copy_only=False)
            lacking |= dict.fromkeys(np.flatnonzero(empty).tolist(), name)
        places = sorted(lacking)
        if not places:
            return np.arange(len(rows.batch))
        for place, row in zip(places, rows_as_dicts(rows.batch, places), strict=True):
            number = int(rows.numbers[place])
            refused.append(Refused(number, lacking[place], "is empty", to_json([row])))
        return np.setdiff1d(np.arange(len(rows.batch)), np.array(places))

    def _columns(self, cells: Cells, groups: Groups, noted: Counter[str]) -> dict[str, pa.Array]:
        """The columns of the events, one row a group."""

        def first(field: str, values: pa.Array) -> pa.Array:
            kept, conflicts = first_values(values, groups)
            if conflicts:
                noted[f"conflicting {field}"] += conflicts
            return kept

        columns = {
            name: first(name, cells.render(template))
            for name, template in self._map.scalars.items()
        }
        at = columns["at"] = first("at", cells.micros(self._map.at))
        if early := pc.sum(pc.and_(pc.less(at, _YEAR_1990), pc.greater_equal(at, 0))).as_py():
            noted[EARLY] += early
        version = at.cast(pa.string())
        if self._map.version is not None:
            version = first("version", cells.render(self._map.version))
        parts = [f"{self._map.source}:", columns["object"], "@", version, "#", columns["op"]]
        columns["id"] = join(parts, groups.total)
        columns["source"] = join([self._map.source], groups.total)
        for name, sources in self._map.lists.items():
            columns[name] = _list_column(name, sources, cells, groups)
        if self._map.media:
            columns["media"] = self._media_column(cells, groups)
        if self._map.extra:
            found = {
                name: as_texts(first(f"extra.{name}", cells.render(template)))
                for name, template in self._map.extra.items()
            }
            columns["extra"] = _extra_column(found)
        return columns

    def _media_column(self, cells: Cells, groups: Groups) -> pa.Array:
        """Pictures; two are one where all that is said of them is equal."""
        members = [field.name for field in _MEDIA.value_type]
        parts: dict[str, list[pa.Array]] = {name: [] for name in members}
        for item in self._map.media:
            for name in members:
                rows = len(groups.of_row)
                column = cells.render(item[name]) if name in item else pa.nulls(rows, pa.string())
                parts[name].append(column)
        whole = [pa.concat_arrays(parts[name]) for name in members]
        keys = pc.binary_join_element_wise(
            *whole, "\x00", null_handling="replace", null_replacement=""
        )
        named = pc.or_(pc.or_(whole[0].is_valid(), whole[1].is_valid()), whole[2].is_valid())
        places = np.tile(np.arange(len(groups.of_row)), len(self._map.media))
        ends, picked = distinct_items(places, pc.if_else(named, keys, None), groups)
        structs = pa.StructArray.from_arrays(
            [column.take(pa.array(picked)) for column in whole], fields=list(_MEDIA.value_type)
        )
        return pa.ListArray.from_arrays(pa.array(ends), structs, type=_MEDIA)


def _cell(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _admitted(columns: dict[str, pa.Array]) -> tuple[pa.RecordBatch, dict[int, tuple[str, str]]]:
    """The events that may enter, and the field and the reason for each group that may not."""
    rows = len(columns["at"])
    found: dict[int, tuple[str, str]] = {}
    for name, reason in _NEEDED.items():
        empty = columns[name].is_null().to_numpy(zero_copy_only=False)
        found = dict.fromkeys(np.flatnonzero(empty).tolist(), (name, reason)) | found
    arrays = []
    for field in INPUT_SCHEMA:
        if field.name in columns:
            arrays.append(columns[field.name])
        elif pa.types.is_list(field.type):
            arrays.append(pa.array([[]] * rows, field.type))
        else:
            arrays.append(pa.nulls(rows, field.type))
    batch = pa.RecordBatch.from_arrays(arrays, schema=INPUT_SCHEMA)
    whole = np.setdiff1d(np.arange(rows), np.array([*found], np.int64))
    batch = _taken(batch, whole) if found else batch
    admitted = [_nothing()]
    # In slices: rows that the model looks at one by one are large while it does.
    for start in range(0, len(batch), _SLICE):
        admission = admit_columns(batch.slice(start, _SLICE))
        admitted.append(admission.batch)
        for row, name, reason in admission.refusals:
            found[int(whole[start + row])] = (name, reason)
    return pa.concat_batches(admitted), found


def _list_column(
    name: str, sources: tuple[ListSource, ...], cells: Cells, groups: Groups
) -> pa.Array:
    rows = []
    values = []
    for source in sources:
        column = cells.render(source.template)
        places = np.arange(len(column))
        if source.split is not None:
            pieces = pc.split_pattern(column, source.split)
            places = pc.list_parent_indices(pieces).to_numpy().astype(np.int64)
            column = pc.list_flatten(pieces)
            column = pc.if_else(pc.equal(pc.binary_length(column), 0), None, column)
        rows.append(places)
        values.append(column)
    whole = pa.concat_arrays(values)
    ends, picked = distinct_items(np.concatenate(rows), whole, groups)
    kind = INPUT_SCHEMA.field(name).type
    return pa.ListArray.from_arrays(pa.array(ends), whole.take(pa.array(picked)), type=kind)


def _extra_column(found: dict[str, list[str | None]]) -> pa.Array:
    texts: list[str | None] = []
    for values in zip(*found.values(), strict=True):
        said = {n: v for n, v in zip(found, values, strict=True) if v is not None}
        texts.append(to_json(said).decode() if said else None)
    return pa.array(texts, pa.string())


def _taken(batch: pa.RecordBatch, rows: Any) -> pa.RecordBatch:
    return batch.take(pa.array(rows, pa.int64()))


def _nothing() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], ADMITTED_SCHEMA)


def numbered(batches: Iterable[pa.RecordBatch], start: int = 0) -> Iterator[Rows]:
    """Batches of a Parquet file as rows of a table; ``start`` of them came before."""
    for batch in batches:
        yield Rows(batch, np.arange(start + 1, start + len(batch) + 1), [])
        start += len(batch)
