"""What scoring stores: with its place in the log, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from leeward.model import Finding, Verdict  # noqa: TC001 - msgspec reads annotations
from leeward.store import _coverage
from leeward.store._coverage import Covered, covered
from leeward.store._findings import FINDINGS
from leeward.store._verdicts import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leeward.store._hot import Hot
    from leeward.store._layout import Layout
    from leeward.store._log import Log

__all__ = [
    "LATE",
    "SCORING",
    "LateOnes",
    "Scored",
    "ScoringStanding",
    "Stored",
    "add",
    "late_ones",
    "note_late",
    "scoring_standing",
]

SCORING: Final = "scoring"
"""The checkpoint of what scores the events as they come."""

LATE: Final = "scoring-late"
"""The checkpoint of the rules that wait for what is found later."""

_FOUND: Final = "found late"
"""Counts what was found after its event was scored."""


class Scored(Struct, frozen=True, kw_only=True):
    """What came of some events, to be stored together.

    Attributes:
        findings: The hits and abstentions.
        verdicts: What the policies said, after their quotas.
        coverage: What was looked at.
        through: All events up to this place are done.
        told: Labels that were taken, by number, and the place from which on they hold.
        spent: What each rule, ``policy/rule``, has used of its quota: the day, and how many.
        job: Whose place ``through`` is.
        late: Up to where the rules are done that wait for what is found later; 0: no news.
        settled: Events of which something was found later still, and that were judged for it.
        mark: The :class:`LateOnes` that they are from: one of which more was found since stays.
    """

    findings: tuple[Finding, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    coverage: tuple[Covered, ...] = ()
    through: int
    told: tuple[tuple[int, int], ...] = ()
    spent: dict[str, tuple[int, int]] = {}
    job: str = SCORING
    late: int = 0
    settled: tuple[int, ...] = ()
    mark: int = 0

    def __repr__(self) -> str:
        """The figures: content stays out of ``repr``."""
        return (
            f"<Scored {self.job} through={self.through} findings={len(self.findings)} "
            f"verdicts={len(self.verdicts)}>"
        )


class LateOnes(NamedTuple):
    """Events of which something was found after they were scored.

    Attributes:
        seqs: Their places, in order.
        mark: A number that grows when something is found.
    """

    seqs: list[int]
    mark: int


class Stored(Struct, frozen=True):
    """How many findings and verdicts were not there yet."""

    findings: int
    verdicts: int


class ScoringStanding(NamedTuple):
    """How far scoring has come.

    Attributes:
        through: All events up to this place are scored.
        told: The labels that were taken, by number, and the place from which on each holds.
        spent: What each rule has used of its quota: the day, and how many.
        rewritten: What ``Log.rewritten`` said.
        coverage: What was looked at.
    """

    through: int
    told: dict[int, int]
    spent: dict[str, tuple[int, int]]
    rewritten: int
    coverage: list[Covered]


def add(hot: Hot, layout: Layout, scored: Scored) -> Stored:
    """Store it, in the caller's transaction."""
    hot.set_positions([(scored.job, scored.through), (LATE, scored.late)])
    settled = [(seq, scored.mark) for seq in scored.settled]
    hot.db.executemany("DELETE FROM late WHERE seq = ? AND mark <= ?", settled)
    _coverage.add(hot, scored.coverage)
    hot.db.executemany("INSERT OR IGNORE INTO told VALUES (?, ?)", scored.told)
    hot.db.executemany(
        "INSERT OR REPLACE INTO spent VALUES (?, ?, ?)",
        [(rule, day, count) for rule, (day, count) in scored.spent.items()],
    )
    findings = FINDINGS.add(hot, layout.findings, scored.findings)
    return Stored(findings, VERDICTS.add(hot, layout.verdicts, scored.verdicts))


def note_late(hot: Hot, findings: Iterable[Finding]) -> None:
    """Note events of which something is found after they were scored.

    The rules may be judging one of them at this moment without it. So not only those are noted
    that are judged.
    """
    done = hot.position(SCORING)
    seqs = {one.seq for one in findings if one.outcome != "miss" and one.seq <= done}
    if seqs:
        hot.count(**{_FOUND: 1})
        mark = hot.counters()[_FOUND]
        rows = [(seq, mark) for seq in seqs]
        hot.db.executemany("INSERT OR REPLACE INTO late VALUES (?, ?)", rows)


def late_ones(log: Log, after: int, upto: int, most: int = -1) -> LateOnes:
    """Events of which something was found after they were scored.

    Args:
        log: The log.
        after: Only those behind this place.
        upto: Only those up to this place.
        most: The first so many; all by default.
    """
    with log._snapshot() as (hot, _):
        if not hot.has("late"):
            return LateOnes([], 0)
        query = "SELECT seq FROM late WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        seqs = [seq for (seq,) in hot.db.execute(query, (after, upto, most))]
        return LateOnes(seqs, hot.counters().get(_FOUND, 0))


def scoring_standing(log: Log, job: str = SCORING) -> ScoringStanding:
    """How far scoring has come, from one state of the log."""
    with log._snapshot() as (hot, _):
        told = hot.db.execute("SELECT label, since FROM told") if hot.has("told") else ()
        spent = hot.db.execute("SELECT rule, day, count FROM spent") if hot.has("spent") else ()
        return ScoringStanding(
            hot.position(job),
            dict(told),
            {rule: (day, count) for rule, day, count in spent},
            hot.counters().get("rewritten", 0),
            covered(hot),
        )
