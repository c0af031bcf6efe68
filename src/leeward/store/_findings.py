"""Findings: hot in SQLite, sealed beside the events; the key is (seq, signal, version)."""

from __future__ import annotations

from typing import Final

import msgspec
import pyarrow as pa

from leeward.model import FINDING_SCHEMA, Finding
from leeward.store._beside import Beside

__all__ = ["FINDINGS", "table_of"]


def table_of(findings: list[Finding]) -> pa.Table:
    """Findings as columns."""
    return pa.Table.from_pylist([msgspec.to_builtins(f) for f in findings], FINDING_SCHEMA)


FINDINGS: Final = Beside("finding", "findings", ("seq", "signal", "version"), Finding, table_of)
