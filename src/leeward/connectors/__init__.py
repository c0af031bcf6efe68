"""Platforms and hash exchanges to and from the model.

A format of lines is a class with ``decode`` (:class:`LineFormat`); tables are decoded by columns.
Either way the result is a :class:`Decoded`, in which every record of the input is accounted for.
"""

from leeward.connectors._csv import Rows, csv_batches
from leeward.connectors._decoded import Decoded, LineFormat
from leeward.connectors._files import Chunk, Opened, Stream, chunks, expand, open_input
from leeward.connectors._jetstream import CID_MISMATCH, CID_VERIFIED, Jetstream
from leeward.connectors._lines import CUT_BYTES, lines_of_body
from leeward.connectors._native import NativeLines
from leeward.connectors._parquet import decode_columns, open_parquet, parquet_batches
from leeward.connectors._table import Table, numbered
from leeward.connectors._tablemap import TableMap, parse_map, read_map

__all__ = [
    "CID_MISMATCH",
    "CID_VERIFIED",
    "CUT_BYTES",
    "Chunk",
    "Decoded",
    "Jetstream",
    "LineFormat",
    "NativeLines",
    "Opened",
    "Rows",
    "Stream",
    "Table",
    "TableMap",
    "chunks",
    "csv_batches",
    "decode_columns",
    "expand",
    "lines_of_body",
    "numbered",
    "open_input",
    "open_parquet",
    "parquet_batches",
    "parse_map",
    "read_map",
]
