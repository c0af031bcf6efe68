"""What a signal said of some events before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from leeward.model import Finding
from leeward.store._findings import FINDINGS

if TYPE_CHECKING:
    from collections.abc import Collection

    from leeward.store._log import Log

__all__ = ["findings_at", "findings_of"]


def findings_of(log: Log, signal: str, seqs: Collection[int]) -> list[Finding]:
    """All that a signal said of some events, by event and then by time.

    Args:
        log: The log.
        signal: Its name.
        seqs: Places of the events.
    """
    if not seqs:
        return []
    found: list[Finding] = []
    with log._snapshot() as (hot, _):
        for rows in FINDINGS.at(hot, log.layout.findings, seqs, signal=signal):
            found += rows if isinstance(rows, list) else map(_finding, rows.to_pylist())
    return sorted(found, key=lambda finding: (finding.seq, finding.at))


def findings_at(log: Log, seqs: Collection[int]) -> list[Finding]:
    """All that any signal said of some events, by event and then by time.

    Args:
        log: The log.
        seqs: Places of the events.
    """
    found: list[Finding] = []
    with log._snapshot() as (hot, _):
        for rows in FINDINGS.at(hot, log.layout.findings, seqs):
            found += rows if isinstance(rows, list) else map(_finding, rows.to_pylist())
    return sorted(found, key=lambda finding: (finding.seq, finding.at))


def _finding(row: dict[str, Any]) -> Finding:
    return msgspec.convert({k: v for k, v in row.items() if v is not None}, Finding)
