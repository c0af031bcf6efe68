"""What the signals in force have looked at, for a backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.pipeline._backtest_source import Looks, looks_of
from leeward.pipeline._detectors import Detectors
from leeward.pipeline._lookback_judge import BANK_SIGNALS
from leeward.pipeline._lookback_place import compared_through

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from leeward.model import Settings
    from leeward.store import Log

__all__ = ["looks_in_force"]


def looks_in_force(
    log: Log, folder: Path, settings: Settings, tables: Connection
) -> dict[str, Looks]:
    """By signal, which version's findings count and what it has looked at.

    Of a match with hash banks the last finding counts: banks change, and what they changed for is
    compared again. So it does of a signal whose list or model cannot be read now: what it said
    stands, and where it never looked it abstains.

    Args:
        log: The log.
        folder: The data folder.
        settings: What is in force.
        tables: The operational tables, in a transaction that reads: they say which banks the
            look-back followed, and so how far it has come.

    Raises:
        SettingsError: A signal is not of a kind that there is.
    """
    versions: dict[str, str | None] = dict.fromkeys(BANK_SIGNALS)
    now = Detectors(folder, settings)
    versions |= dict.fromkeys(now.broken)
    versions |= {signal.name: signal.version for signal in now.anew()}
    found = looks_of(log, versions)
    through = compared_through(log, tables)
    if through:
        found |= {name: Looks(None, ((1, through),)) for name in BANK_SIGNALS}
    return found
