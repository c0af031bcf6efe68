"""What the server holds open for as long as it runs."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leeward.pipeline import (
    FetchKeeper,
    Housekeeper,
    LookBackThread,
    ScoringKeeper,
    exchange_standings,
    fetch_standing,
    scoring_state,
)
from leeward.server._budget import Budget
from leeward.server._intake import Intake
from leeward.server._keys import KeyRing
from leeward.server._match import MatchDesk
from leeward.server._metrics import Metrics
from leeward.server._state import State
from leeward.store import Log, Writer
from leeward.store.tables import database_url, open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.errors import LeewardError
    from leeward.model import Settings
    from leeward.pipeline import ExchangeStanding, FetchStanding
    from leeward.store.tables import Tables

__all__ = ["Parts", "open_parts"]

IN_FLIGHT_BYTES: Final = 64 << 20
BODIES: Final = 4
"""Bodies of the largest size that fit in at once, where that is more."""


_log: Final = logging.getLogger("leeward.server")


@dataclass(frozen=True, slots=True)
class Parts:
    """The writer of the log and all that stands around it."""

    settings: Settings
    writer: Writer
    budget: Budget
    keys: KeyRing
    intake: Intake
    state: State
    metrics: Metrics
    desk: MatchDesk


@contextlib.contextmanager
def open_parts(data: str | os.PathLike[str], settings: Settings) -> Iterator[Parts]:
    """Open a data folder for serving; at the end, finish what was taken and close it.

    Raises:
        WriterBusy: Another process writes to the log.
        LeewardError: The folder or its tables cannot be used.
    """
    folder = Path(data)
    most = settings.server.max_body_bytes
    with contextlib.ExitStack() as stack:
        writer = stack.enter_context(Writer.open(folder, settings.log))
        log = stack.enter_context(Log(folder))
        url = database_url(settings.tables, folder, os.environ)
        tables = stack.enter_context(open_tables(url))
        keys = KeyRing(tables, settings.server.key_cache_seconds)
        stack.callback(keys.close)
        state = State(folder, log, writer, settings, keys.answering)
        stack.callback(state.close)
        intake = Intake(writer, most)
        stack.callback(intake.close)
        budget = Budget(max(IN_FLIGHT_BYTES, BODIES * most))
        housekeeper = Housekeeper(writer, tables, _report)
        desk = MatchDesk(tables, folder, settings.banks)
        stack.callback(desk.close)
        state.chores = housekeeper.trouble
        if settings.exchanges:
            state.exchanges = partial(_standings, tables, settings)
        housekeeper.start()
        stack.callback(housekeeper.stop)
        looking = LookBackThread(writer, tables, folder, _report, housekeeper.trouble)
        looking.start()
        stack.callback(looking.stop)
        fetching = FetchKeeper(folder, tables, settings, housekeeper.trouble, _report)
        if settings.origins:
            state.fetching = partial(_fetching, tables)
        fetching.start()
        stack.callback(fetching.stop)
        scoring = ScoringKeeper(writer, folder, settings, _report, housekeeper.trouble)
        if settings.scoring.on:
            state.scoring = lambda: (scoring.state, scoring_state(log, folder))
            scoring.start()
            stack.callback(scoring.stop)
        yield Parts(settings, writer, budget, keys, intake, state, Metrics(), desk)


def _standings(tables: Tables, settings: Settings) -> list[ExchangeStanding]:
    with tables.read() as connection:
        return exchange_standings(connection, settings.exchanges)


def _fetching(tables: Tables) -> FetchStanding:
    with tables.read() as connection:
        return fetch_standing(connection)


def _report(error: LeewardError) -> None:
    _log.warning("housekeeping: %s", error.message)
