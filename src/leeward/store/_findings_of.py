"""What a signal said of some events before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow.parquet as pq

from leeward.model import Finding
from leeward.store import _findings

if TYPE_CHECKING:
    from collections.abc import Collection

    from leeward.store._log import Log

__all__ = ["findings_of"]

_AT_ONCE: Final = 1_000


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
    wanted = sorted(seqs)
    with log._snapshot() as (hot, _):
        for name, _info in _findings.segments(hot):
            first, last, _rest = name.split("-", 2)
            if int(first) <= wanted[-1] and int(last) >= wanted[0]:
                filters = [("seq", "in", set(wanted)), ("signal", "==", signal)]
                rows = pq.read_table(log.layout.findings / name, filters=filters).to_pylist()
                found += [_finding(row) for row in rows]
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT body FROM finding WHERE signal = ? AND seq IN ({marks})"  # noqa: S608 - marks only
            for (body,) in hot.db.execute(query, (signal, *some)):
                found.append(msgspec.json.decode(body, type=Finding))
    return sorted(found, key=lambda finding: (finding.seq, finding.at))


def _finding(row: dict[str, Any]) -> Finding:
    return msgspec.convert({k: v for k, v in row.items() if v is not None}, Finding)
