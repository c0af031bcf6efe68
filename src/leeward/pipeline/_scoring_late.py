"""Rules that read what the hash banks say, which look at an event after it was scored.

They judge each event once the banks have looked at it; and again where a bank, or a hash that
came later, has something to say of an event of the past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from leeward.model import Verdict
from leeward.pipeline._lookback_judge import BANK_SIGNALS
from leeward.pipeline._lookback_place import compared_through
from leeward.pipeline._scoring_gaps import cut, looked_at
from leeward.pipeline._scoring_rows import Rows
from leeward.pipeline._scoring_rules import key_of
from leeward.store import (
    LATE,
    SCORING,
    Scored,
    events_at,
    findings_at,
    late_ones,
    verdicts_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from leeward.pipeline._scoring_rules import Judged, Rules
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["LateRules", "banks_through"]

_AT_ONCE: Final = 500
_AGAIN_AT_ONCE: Final = 8_192
"""Each time, the segments that they lie in are read."""


def banks_through(tables: Tables, log: Log) -> Callable[[], int]:
    """Says up to which place in the log the hash banks have looked; 0 where there is none."""

    def through() -> int:
        with tables.read() as connection:
            return compared_through(log, connection)

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
        # Before the findings are read: of what comes later, the event is judged again.
        found = late_ones(self._log, self.through, part.through)
        self.through, count = part.through, 0
        verdicts, used = list[Verdict](), dict[str, tuple[int, int]]()
        if part.batch is not None:
            count = len(part.batch)
            verdicts, used = self._judged(rules, part.batch, found.seqs, spent)
        scored = Scored(
            verdicts=tuple(verdicts),
            spent=used,
            through=0,
            late=part.through,
            settled=tuple(found.seqs),
            mark=found.mark,
        )
        return scored, part.rewritten, count

    def _again(
        self, rules: Rules, spent: Mapping[str, tuple[int, int]]
    ) -> tuple[Scored, int, int] | None:
        rewritten = self._log.rewritten()
        # What is behind that place is judged below, or was and is not stored yet.
        found = late_ones(self._log, 0, self._log.position(LATE), _AGAIN_AT_ONCE)
        if not found.seqs:
            return None
        verdicts, used = list[Verdict](), dict[str, tuple[int, int]]()
        if rules.late:
            rows = events_at(self._log, found.seqs)
            verdicts, used = self._judged(rules, rows, found.seqs, spent)
        done = Scored(
            verdicts=tuple(verdicts),
            spent=used,
            through=0,
            settled=tuple(found.seqs),
            mark=found.mark,
        )
        return done, rewritten, len(found.seqs)

    def _judged(
        self,
        rules: Rules,
        rows: pa.RecordBatch | pa.Table,
        again: Sequence[int],
        spent: Mapping[str, tuple[int, int]],
    ) -> Judged:
        """What the rules say of events, some of which they may have judged before."""
        seqs = rows["seq"].to_pylist()
        known = {key_of(one) for one in verdicts_at(self._log, again)}
        looked = looked_at(self._log.coverage(), seqs)
        found = findings_at(self._log, seqs)
        banks = frozenset(BANK_SIGNALS)
        return rules.late.judge(rows, found, spent, lambda seq: looked[seq] | banks, known)
