"""How far looking back has come, for it and for those who wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.pipeline._lookback_judge import BANK_MATCH
from leeward.store.tables import bank_changes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from leeward.store import Log

__all__ = ["compared_through", "feed_of", "place_key"]


def feed_of(connection: Connection) -> int | None:
    """What tells the changes of these banks from those of another database; none without banks."""
    first = bank_changes(connection, 0, 1)
    return first[0].at if first else None


def place_key(feed: int, what: str) -> str:
    """The name of the checkpoint that says how far it has come with something."""
    return f"{BANK_MATCH}:{feed}:{what}"


def compared_through(log: Log, connection: Connection) -> int:
    """The place up to which all media were compared with the banks; 0 where there are none."""
    feed = feed_of(connection)
    return 0 if feed is None else log.position(place_key(feed, "events"))
