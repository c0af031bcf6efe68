"""Verdicts: stored as findings are; the key is (seq, policy, version, rule, subject, outcome).

The outcome is part of it for the rules that wait for the hash banks: where one has abstained, and
the banks say more later, its hit stands beside that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import VERDICT_SCHEMA, Operand, Verdict
from leeward.store._beside import Beside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from leeward.store._log import Log

__all__ = ["VERDICTS", "verdicts_at", "verdicts_in", "verdicts_of"]

_OPERANDS: Final = msgspec.json.Decoder(tuple[Operand, ...])


def _table_of(verdicts: list[Verdict]) -> pa.Table:
    rows = [
        {name: getattr(verdict, name) for name in VERDICT_SCHEMA.names}
        | {"operands": msgspec.json.encode(verdict.operands).decode()}
        for verdict in verdicts
    ]
    return pa.Table.from_pylist(rows, VERDICT_SCHEMA)


VERDICTS: Final = Beside(
    "verdict",
    "verdicts",
    ("seq", "policy", "version", "rule", "subject", "outcome"),
    Verdict,
    _table_of,
)


def verdicts_in(batches: Iterable[pa.RecordBatch | pa.Table]) -> list[Verdict]:
    """Rows of :data:`~leeward.model.VERDICT_SCHEMA` as verdicts."""
    return [_verdict(row) for batch in batches for row in batch.to_pylist()]


def verdicts_of(log: Log, subject: str) -> list[Verdict]:
    """Every verdict on a subject, the oldest event first.

    Args:
        log: The log.
        subject: The URI of an account, post or media item, a hashtag, or ``policy/rule``.
    """
    found = [batch.filter(pc.equal(batch["subject"], subject)) for batch in log.verdicts()]
    return sorted(verdicts_in(found), key=lambda one: (one.seq, one.policy, one.rule))


def verdicts_at(log: Log, seqs: Collection[int]) -> list[Verdict]:
    """Every verdict on some events.

    Args:
        log: The log.
        seqs: Places of the events.
    """
    found: list[Verdict] = []
    with log._snapshot() as (hot, _):
        for rows in VERDICTS.at(hot, log.layout.verdicts, seqs):
            found += rows if isinstance(rows, list) else verdicts_in([rows])
    return found


def _verdict(row: dict[str, Any]) -> Verdict:
    operands = _OPERANDS.decode(row.pop("operands"))
    return Verdict(**row | {"causes": tuple(row["causes"]), "operands": operands})
