"""Verdicts as columns."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

__all__ = ["VERDICT_SCHEMA"]

VERDICT_SCHEMA: Final = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("at", pa.int64(), nullable=False),
        pa.field("policy", pa.string(), nullable=False),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("causes", pa.list_(pa.field("element", pa.string()))),
        pa.field("subject_kind", pa.string(), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("shadow", pa.bool_(), nullable=False),
        pa.field("operands", pa.string()),
    ]
)
"""A row of a segment of verdicts; ``operands`` as JSON, for their values are of several types."""
