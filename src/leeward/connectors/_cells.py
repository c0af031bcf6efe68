"""Cells of a table as what the model needs: text by templates, and claimed times by units."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leeward.connectors._atproto import micros_of
from leeward.connectors._conform import as_micros, as_string, is_text
from leeward.errors import MapError
from leeward.model import bounds

if TYPE_CHECKING:
    from leeward.connectors._tablemap import At, Template, Unit

__all__ = ["Cells", "as_texts", "join"]

_PER_UNIT: Final[dict[Unit, Decimal]] = {
    "s": Decimal(1_000_000),
    "ms": Decimal(1_000),
    "us": Decimal(1),
    "ns": Decimal("0.001"),
}
"""Microseconds in a unit."""

_NUMBER: Final = re.compile(r"^[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?\Z")

_EXACT: Final = 2**62
"""Integers up to here stay exact in int64 when they are compared after scaling."""


class Cells:
    """The columns of some rows, read by name.

    Args:
        batch: The rows.
        where: Name of their input, for messages.
    """

    def __init__(self, batch: pa.RecordBatch, where: str) -> None:
        self._batch = batch
        self._where = where
        self._texts: dict[str, pa.Array] = {}

    def text(self, name: str) -> pa.Array:
        """A column as text; what is empty is null.

        Raises:
            MapError: Its type cannot be text without a guess.
        """
        if name not in self._texts:
            column = self._column(name)
            text = pc.if_else(pc.equal(pc.binary_length(column), 0), None, column)
            self._texts[name] = text
        return self._texts[name]

    def render(self, template: Template) -> pa.Array:
        """A template's text in each row; null where a column in it is empty."""
        parts = [self.text(text) if is_column else text for is_column, text in template.parts]
        return join(parts, len(self._batch))

    def micros(self, at: At) -> pa.Array:
        """The claimed time in microseconds since 1970 UTC; null where it is none.

        Raises:
            MapError: The map states no unit, and the column needs one.
        """
        column = self._batch.column(at.column)
        if pa.types.is_timestamp(column.type):
            return as_micros(column)
        if at.unit is None:
            raise MapError(
                f"The map states no unit for the time in `{at.column}`",
                where=self._where,
                hint='write at = { column = "...", unit = "s" }; or ms, us, ns, rfc3339',
            )
        if at.unit == "rfc3339":
            return pa.array(map(micros_of, as_texts(self.text(at.column))), pa.int64())
        if pa.types.is_integer(column.type):
            return _scaled(column.cast(pa.int64()), _PER_UNIT[at.unit])
        if pa.types.is_floating(column.type):
            texts = [None if value is None else repr(value) for value in column.to_pylist()]
        else:
            whole, column = _whole_numbers(self.text(at.column))
            if column is not None:
                return _scaled(column, _PER_UNIT[at.unit])
            texts = as_texts(whole)
        return pa.array([_decimal(text, _PER_UNIT[at.unit]) for text in texts], pa.int64())

    def _column(self, name: str) -> pa.Array:
        column = self._batch.column(name)
        if is_text(column.type) or pa.types.is_null(column.type):
            return as_string(column)
        if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
            return column.cast(pa.string())
        raise MapError(
            f"The column `{name}` is {column.type}, which has no single spelling as text",
            where=self._where,
            hint="write it as text or as integers, or leave it out of the map",
        )


def join(parts: list[pa.Array | str], rows: int) -> pa.Array:
    """Texts side by side; null where one of them is."""
    if all(isinstance(part, str) for part in parts):
        return pa.repeat(pa.scalar("".join(parts), pa.string()), rows)
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*parts, "", null_handling="emit_null")


def as_texts(column: pa.Array) -> list[str | None]:
    """The values of a text column; a byte that is no UTF-8 becomes a lone surrogate."""
    octets = column.cast(pa.binary()).to_pylist()
    return [None if o is None else o.decode("utf-8", "surrogateescape") for o in octets]


def _whole_numbers(texts: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """The texts, and as numbers where all of them are whole."""
    digits = pc.match_substring_regex(texts.cast(pa.binary()), r"^-?[0-9]{1,18}$")
    if pc.all(digits.fill_null(True)).as_py() is False:
        return texts, None
    return texts, texts.cast(pa.int64())


def _scaled(numbers: pa.Array, factor: Decimal) -> pa.Array:
    """Whole numbers of a unit in microseconds; null where that is beyond all bounds."""
    values = numbers.fill_null(0).to_numpy()
    if factor < 1:
        scaled = values // int(1 / factor)
        good = np.ones(len(values), np.bool_)
    else:
        most = min(_EXACT, bounds.MAX_INTEGER) // int(factor)
        good = np.abs(values) <= most
        scaled = np.where(good, values, 0) * int(factor)
    return pa.array(scaled, pa.int64(), mask=~good | numbers.is_null().to_numpy(False))


def _decimal(text: str | None, factor: Decimal) -> int | None:
    if text is None or not _NUMBER.match(text):
        return None
    value = Decimal(text) * factor
    # The exponent is the sender's: compare before it is written out as digits.
    return int(value) if abs(value) <= bounds.MAX_INTEGER else None
