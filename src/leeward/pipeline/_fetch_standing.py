"""How fetching stands, for people and for monitoring; and what is not listed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from leeward.connectors import origin_of
from leeward.pipeline._fetch_follow import COLUMNS, cutoff_of, listed_or_not, named
from leeward.store.tables import (
    PASSED_OVER,
    fetch_counts,
    fetch_state_of,
    fetched,
    waiting_fetches,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from leeward.connectors import Origins
    from leeward.model import FetchSettings
    from leeward.store import Log
    from leeward.store.tables import Tables

__all__ = ["FetchPlan", "FetchStanding", "fetch_plan", "fetch_standing"]

_AT_ONCE = 10_000


class FetchStanding(NamedTuple):
    """How fetching stands.

    Attributes:
        seq: Place in the log up to which media were looked for.
        waiting: Name of an origin to how many of its media wait.
        hashed: Media whose looks are known.
        abstained: Reason to how many media whose looks are not known. They are not clear.
        passed_over: Reason to how many mentions of media that do not come to wait: of no listed
            origin, no address of the web, or too old. They are not clear either.
    """

    seq: int
    waiting: Mapping[str, int]
    hashed: int
    abstained: Mapping[str, int]
    passed_over: Mapping[str, int]


class FetchPlan(NamedTuple):
    """What the log names, as far back as media are fetched.

    Attributes:
        listed: Name of an origin to how many of its media have no outcome yet.
        not_listed: Scheme, host and port to how many media lie there; the most first.
        no_address: How many are named by something that is no address of the web.
    """

    listed: Mapping[str, int]
    not_listed: Mapping[str, int]
    no_address: int


def fetch_standing(connection: Connection) -> FetchStanding:
    """How fetching stands."""
    counts = fetch_counts(connection)
    return FetchStanding(
        seq=fetch_state_of(connection).seq,
        waiting=waiting_fetches(connection),
        hashed=counts.get(("hashed", ""), 0),
        abstained={why: n for (outcome, why), n in counts.items() if outcome == "abstained"},
        passed_over={why: n for (outcome, why), n in counts.items() if outcome == PASSED_OVER},
    )


def fetch_plan(
    log: Log,
    tables: Tables,
    origins: Origins,
    settings: FetchSettings,
    *,
    clock: Callable[[], float] = time.time,
) -> FetchPlan:
    """Read the log for media without a hash, and fetch nothing.

    It takes some tens of bytes of memory for each media item.
    """
    cutoff = cutoff_of(settings, clock())
    known = _Known(tables)
    elsewhere: dict[str, set[int]] = {}
    no_address: set[int] = set()
    for batch in log.scan(COLUMNS, since=cutoff):
        for media in named(batch):
            found = listed_or_not(origins, media, cutoff)
            if found == "not_listed":
                elsewhere.setdefault(origin_of(media.uri) or "", set()).add(hash(media.uri))
            elif found == "no_address":
                no_address.add(hash(media.uri))
            elif not isinstance(found, str):
                known.add(found.name, media.uri)
    not_listed = {place: len(uris) for place, uris in elsewhere.items()}
    ordered = dict(sorted(not_listed.items(), key=lambda each: (-each[1], each[0])))
    return FetchPlan(known.unknown(origins), ordered, len(no_address))


class _Known:
    """Counts media that have no outcome yet, each once."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._seen: set[int] = set()
        self._some: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def add(self, origin: str, uri: str) -> None:
        """A media item of a listed origin."""
        if hash(uri) not in self._seen:
            self._seen.add(hash(uri))
            self._some[uri] = origin
        if len(self._some) >= _AT_ONCE:
            self._look()

    def unknown(self, origins: Origins) -> dict[str, int]:
        """How many have no outcome, by the name of the origin."""
        self._look()
        return {name: self._counts.get(name, 0) for name in origins.by_name}

    def _look(self) -> None:
        with self._tables.read() as connection:
            done = fetched(connection, list(self._some))
        for uri, origin in self._some.items():
            if uri not in done:
                self._counts[origin] = self._counts.get(origin, 0) + 1
        self._some.clear()
