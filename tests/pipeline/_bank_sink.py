"""Banks for exchanges: one in memory that dies when told to, and what stands in a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeward.connectors import ExchangeCheckpoint, Withdrawal
from leeward.model import BankSettings
from leeward.pipeline import Applied, SyncedBank
from leeward.store.tables import create_bank, listed_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leeward.connectors import ExchangeItem
    from leeward.store.tables import Tables

Listed = tuple[str, str, str, bytes]
"""A member, an id, an algorithm and a value."""


class Killed(BaseException):
    """The process is gone. No code under test may catch it."""


class MemoryBank:
    """A bank in memory.

    Attributes:
        listed: What stands.
        mark: The checkpoint.
        completed_at: When the last sync was completed.
        die_before, die_after: Transactions until it dies, before or after the next one is done.
        meanwhile: Called before each transaction.
    """

    def __init__(self) -> None:
        self.listed: set[Listed] = set()
        self.mark: ExchangeCheckpoint | None = None
        self.completed_at: int | None = None
        self.die_before: int | None = None
        self.die_after: int | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.transactions: list[tuple[int, int, ExchangeCheckpoint | None, int | None]] = []

    def checkpoint(self, exchange: str) -> ExchangeCheckpoint | None:
        return self.mark

    def standing(self, exchange: str) -> Iterator[Withdrawal]:
        for member, name in sorted({row[:2] for row in self.listed}):
            yield Withdrawal(member=member, external_id=name)

    def apply(
        self,
        exchange: str,
        items: Sequence[ExchangeItem],
        withdrawals: Sequence[Withdrawal],
        *,
        checkpoint: ExchangeCheckpoint | None,
        completed_at: int | None,
    ) -> Applied:
        self.meanwhile()
        if self.die_before is not None:
            self.die_before -= 1
            if self.die_before < 0:
                raise Killed
        named = {(each.member, each.external_id) for each in items}
        named |= {(each.member, each.external_id) for each in withdrawals}
        old = {row for row in self.listed if row[:2] in named}
        new = {(i.member, i.external_id, *key) for i in items for key in i.hashes}
        self.listed = self.listed - old | new
        self.mark = checkpoint or self.mark
        self.completed_at = completed_at or self.completed_at
        self.transactions.append((len(items), len(withdrawals), checkpoint, completed_at))
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after < 0:
                raise Killed
        return Applied(len(new - old), len(old - new), len(new & old))


def make_bank(tables: Tables, name: str = "harbour") -> SyncedBank:
    """A new bank of the real tables."""
    with tables.begin() as connection:
        settings = BankSettings(meaning="illegal_unverified", source="a test")
        create_bank(connection, name, settings, "Ada Example")
    return SyncedBank(tables, name, "Ada Example")


def listed(tables: Tables, exchange: str, name: str = "harbour") -> list[Listed]:
    """What stands in it of an exchange."""
    with tables.read() as connection:
        return [
            (
                row.provenance.member,
                row.provenance.external_id or "",
                row.algorithm,
                row.value or b"",
            )
            for row in listed_entries(connection, name, values=True)
            if row.provenance.exchange == exchange
        ]
