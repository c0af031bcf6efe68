"""Platforms and hash exchanges to and from the model.

A format of lines is a class with ``decode`` (:class:`LineFormat`); tables are decoded by columns.
Either way the result is a :class:`Decoded`, in which every record of the input is accounted for.
"""

from leeward.connectors._bank_files import (
    BANK_FORMS,
    BankFile,
    BankForm,
    BankRows,
    detect_bank_form,
)
from leeward.connectors._bank_lines import BadLine, BankDefaults
from leeward.connectors._bank_video import video_entry
from leeward.connectors._bank_write import EXPORT_FORMS, ExportForm, write_bank
from leeward.connectors._csv import Rows, csv_batches
from leeward.connectors._decoded import Decoded, LineFormat
from leeward.connectors._exchange import (
    Exchange,
    ExchangeCheckpoint,
    ExchangeItem,
    Lookup,
    LookupAnswer,
    Page,
    ReviewedFeedback,
    ToldOpinion,
    Withdrawal,
    named_by_hash,
)
from leeward.connectors._exchange_open import open_exchange, open_lookup
from leeward.connectors._fetch_http import FETCH_REASONS, Fetcher, FetchReason, FetchReply
from leeward.connectors._fetch_origin import Origin, Origins, open_origins, origin_of, place_of
from leeward.connectors._files import Chunk, Opened, Stream, chunks, expand, open_input
from leeward.connectors._jetstream import CID_MISMATCH, CID_VERIFIED, Jetstream
from leeward.connectors._lines import CUT_BYTES, lines_of_body
from leeward.connectors._native import NativeLines
from leeward.connectors._parquet import decode_columns, open_parquet, parquet_batches
from leeward.connectors._table import Table, numbered
from leeward.connectors._tablemap import TableMap, parse_map, read_map

__all__ = [
    "BANK_FORMS",
    "CID_MISMATCH",
    "CID_VERIFIED",
    "CUT_BYTES",
    "EXPORT_FORMS",
    "FETCH_REASONS",
    "BadLine",
    "BankDefaults",
    "BankFile",
    "BankForm",
    "BankRows",
    "Chunk",
    "Decoded",
    "Exchange",
    "ExchangeCheckpoint",
    "ExchangeItem",
    "ExportForm",
    "FetchReason",
    "FetchReply",
    "Fetcher",
    "Jetstream",
    "LineFormat",
    "Lookup",
    "LookupAnswer",
    "NativeLines",
    "Opened",
    "Origin",
    "Origins",
    "Page",
    "ReviewedFeedback",
    "Rows",
    "Stream",
    "Table",
    "TableMap",
    "ToldOpinion",
    "Withdrawal",
    "chunks",
    "csv_batches",
    "decode_columns",
    "detect_bank_form",
    "expand",
    "lines_of_body",
    "named_by_hash",
    "numbered",
    "open_exchange",
    "open_input",
    "open_lookup",
    "open_origins",
    "open_parquet",
    "origin_of",
    "parquet_batches",
    "parse_map",
    "place_of",
    "read_map",
    "video_entry",
    "write_bank",
]
