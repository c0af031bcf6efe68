"""How scoring stands, for whoever asks: how far it is behind, and what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.pipeline._scoring_job import read_note
from leeward.store import SCORING, waiting_since

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.store import Log

__all__ = ["ScoringStanding", "scoring_state"]


class ScoringStanding(NamedTuple):
    """How far scoring has come.

    Attributes:
        through: All events up to this place of the log are scored.
        behind: Places behind it.
        since: When the log received the first event that waits, microseconds since 1970 UTC;
            None where none does.
        broken: What cannot be used, in words, by the signal's name or ``policies``.
        replayed, replay: How far a replay has come, and how far it has to; 0 where there is none.
    """

    through: int
    behind: int
    since: int | None
    broken: dict[str, str]
    replayed: int
    replay: int

    def seconds(self, now: int) -> float:
        """How long the first event that waits has done so.

        Args:
            now: Microseconds since 1970 UTC.
        """
        return 0.0 if self.since is None else max(0.0, (now - self.since) / 1e6)


def scoring_state(log: Log, folder: Path) -> ScoringStanding:
    """How scoring of a log stands, whoever does it."""
    note = read_note(folder)
    through = log.position(SCORING)
    behind, since = waiting_since(log, through)
    return ScoringStanding(through, behind, since, note.broken, note.replayed, note.replay)
