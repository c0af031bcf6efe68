"""Rules that read what the hash banks say, which look at an event after it was scored.

They judge each event once the banks have looked at it; and again where a bank, or a hash that
came later, has something to say of an event of the past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from leeward.model import EVENT_SCHEMA, Verdict
from leeward.pipeline._lookback_judge import BANK_MATCH
from leeward.pipeline._scoring_gaps import cut
from leeward.pipeline._scoring_rows import Rows
from leeward.pipeline._scoring_rules import key_of
from leeward.store import LATE, SCORING, Scored, findings_at, late_ones, verdicts_at
from leeward.store.tables import bank_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from leeward.pipeline._scoring_rules import Rules
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["LateRules", "banks_through"]

_AT_ONCE: Final = 500


def banks_through(tables: Tables, log: Log) -> Callable[[], int]:
    """Says up to which place in the log the hash banks have looked; 0 where there is none."""

    def through() -> int:
        with tables.read() as connection:
            first = bank_changes(connection, 0, 1)
        return log.position(f"{BANK_MATCH}:{first[0].at}:events") if first else 0

    return through


class LateRules:
    """Judges what was scored before.

    Args:
        log: The log.
        looked: Says up to which place the hash banks have looked.
    """

    def __init__(self, log: Log, looked: Callable[[], int]) -> None:
        self._log, self._looked = log, looked
        self._rows = Rows(log)
        self.through = log.position(LATE)

    def step(
        self, rules: Rules, spent: Mapping[str, tuple[int, int]], upto: int
    ) -> tuple[Scored, int, int] | None:
        """Judge some events: what is to be stored, what ``Log.rewritten`` said, and how many.

        Args:
            rules: The policies.
            spent: What the rules have used of their quotas.
            upto: Up to where all is scored.
        """
        again = self._again(rules, spent)
        if again is not None:
            return again
        if not rules.late or self.through >= upto:
            return None
        # What was handed out and is not stored yet cannot be read.
        upto = min(upto, self._looked(), self._log.position(SCORING))
        part = self._rows.read(self.through, _AT_ONCE) if self.through < upto else None
        if part is None:
            return None
        part = cut(part, upto)
        self.through, count = part.through, 0
        scored = Scored(through=0, late=part.through)
        if part.batch is not None:
            count = len(part.batch)
            found = findings_at(self._log, part.batch["seq"].to_pylist())
            verdicts, used = rules.late.judge(part.batch, found, spent)
            scored = Scored(verdicts=tuple(verdicts), spent=used, through=0, late=part.through)
        return scored, part.rewritten, count

    def _again(
        self, rules: Rules, spent: Mapping[str, tuple[int, int]]
    ) -> tuple[Scored, int, int] | None:
        rewritten = self._log.rewritten()
        seqs = late_ones(self._log, _AT_ONCE)
        if not seqs:
            return None
        verdicts: list[Verdict] = []
        used: dict[str, tuple[int, int]] = {}
        if rules.late:
            wanted = pa.array(seqs, pa.int64())
            every = self._log.scan(after=seqs[0] - 1)
            parts = [batch.filter(pc.is_in(batch["seq"], wanted)) for batch in every]
            rows = pa.Table.from_batches([part for part in parts if len(part)], EVENT_SCHEMA)
            known = {key_of(one) for one in verdicts_at(self._log, seqs)}
            found = findings_at(self._log, seqs)
            verdicts, used = rules.late.judge(rows.sort_by("seq"), found, spent, known)
        done = Scored(verdicts=tuple(verdicts), spent=used, through=0, settled=tuple(seqs))
        return done, rewritten, len(seqs)
