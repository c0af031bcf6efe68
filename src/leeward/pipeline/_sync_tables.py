"""A bank of the tables as what ``sync`` writes to, and how old is what came from exchanges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from leeward.connectors import ExchangeCheckpoint, Withdrawal
from leeward.pipeline._sync import Applied, staleness
from leeward.store.tables import (
    GivenOpinion,
    StatedItem,
    SyncState,
    apply_stated,
    begin_sync,
    finish_act,
    get_bank,
    keep_sync_state,
    list_sync_states,
    standing_items,
    sync_lock,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from leeward.connectors import ExchangeItem
    from leeward.model import ExchangeSettings
    from leeward.store.tables import Act, Tables

__all__ = ["ExchangeStanding", "SyncedBank", "exchange_standings"]


class ExchangeStanding(NamedTuple):
    """How old is what came from an exchange.

    Attributes:
        exchange, bank: Their names; no bank where the settings name none.
        completed_at: When a sync was last completed, microseconds since 1970 UTC; None: never.
        age: Seconds since then.
        allowed: Seconds beyond which it is stale.
        stale: Whether a person has to look.
    """

    exchange: str
    bank: str | None
    completed_at: int | None
    age: float | None
    allowed: int
    stale: bool


def exchange_standings(
    connection: Connection, exchanges: Mapping[str, ExchangeSettings], now: float | None = None
) -> list[ExchangeStanding]:
    """How old is what came from each exchange that gives a list, in the settings' order.

    Args:
        connection: Of :meth:`Tables.read`.
        exchanges: As the settings name them.
        now: Seconds since 1970 UTC.
    """
    micros = int((time.time() if now is None else now) * 1e6)
    done = {(s.bank, s.exchange): s.completed_at for s in list_sync_states(connection)}
    standings = []
    for name, settings in exchanges.items():
        if settings.kind != "arachnid":  # it is asked, and keeps its list
            last = done.get((settings.bank or "", name))
            age, stale = staleness(last, micros, settings.allowed_age)
            allowed = int(settings.allowed_age)
            standings.append(ExchangeStanding(name, settings.bank, last, age, allowed, stale))
    return standings


class SyncedBank:
    """A bank, its listings and how far each exchange was read, all in one database.

    Args:
        tables: Where.
        name: Of the bank.
        by: The person who has the exchange read.

    Raises:
        UsageError: There is no such bank.
    """

    def __init__(self, tables: Tables, name: str, by: str) -> None:
        self._tables = tables
        self._name = name
        self._by = by
        self._act: Act | None = None
        with tables.read() as connection:
            get_bank(connection, name)

    def __repr__(self) -> str:
        """The name."""
        return f"<SyncedBank {self._name}>"

    def alone(self, exchange: str) -> AbstractContextManager[None]:
        """For as long as the exchange is read: no other process reads it into this bank.

        Raises:
            WriterBusy: Another sync of it is under way; when entered.
        """
        return sync_lock(self._tables, self._name, exchange)

    def checkpoint(self, exchange: str) -> ExchangeCheckpoint | None:
        """How far the exchange has been read into this bank."""
        with self._tables.read() as connection:
            found = list_sync_states(connection, name=self._name, exchange=exchange)
        if not found:
            return None
        return ExchangeCheckpoint(through=found[0].through, token=found[0].token)

    def standing(self, exchange: str) -> Iterator[Withdrawal]:
        """The items of the exchange that stand, each as what would withdraw it."""
        for item in standing_items(self._tables, self._name, exchange):
            yield Withdrawal(member=item.member, external_id=item.name)

    def apply(
        self,
        exchange: str,
        items: Sequence[ExchangeItem],
        withdrawals: Sequence[Withdrawal],
        *,
        checkpoint: ExchangeCheckpoint | None,
        completed_at: int | None,
    ) -> Applied:
        """Do all of it in one durable transaction, or nothing.

        Raises:
            UsageError: A name is not usable.
            StoreError: The database refuses.
        """
        if not (items or withdrawals or checkpoint):
            return Applied(0, 0, 0)
        act = self._act
        done = Applied(0, 0, 0)
        with self._tables.begin() as connection:
            if items or withdrawals:
                act = act or begin_sync(connection, self._name, exchange, self._by)
                stated = [_stated(item, exchange) for item in items]
                stated += [StatedItem(each.member, each.external_id) for each in withdrawals]
                done = Applied(*apply_stated(connection, act, exchange, stated))
            self._keep(connection, exchange, checkpoint, completed_at)
            if completed_at is not None and act is not None:
                finish_act(connection, act)
                act = None
        # Only what is durable counts: after a failure the same act must be begun again.
        self._act = act
        return done

    def _keep(
        self,
        connection: Connection,
        exchange: str,
        checkpoint: ExchangeCheckpoint | None,
        completed_at: int | None,
    ) -> None:
        if checkpoint is not None:
            through, token = checkpoint.through, checkpoint.token
            state = SyncState(self._name, exchange, through, token, completed_at)
            keep_sync_state(connection, state)


def _stated(item: ExchangeItem, exchange: str) -> StatedItem:
    opinions = [
        GivenOpinion(told.member, told.opinion, told.algorithm, told.reasons) for told in item.told
    ]
    return StatedItem(item.member, item.external_id, item.entries(exchange), opinions)
