"""Importing very many values: many short transactions, none of which others wait long for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from leeward.store.tables._banks import get_bank
from leeward.store.tables._banks_acts import Act, begin_act, finish_act, grow_act
from leeward.store.tables._banks_add import Added, add_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from leeward.model import NewEntry
    from leeward.store.tables._tables import Tables

__all__ = ["ImportBatch", "import_entries"]


class ImportBatch(NamedTuple):
    """Some of an import.

    Attributes:
        entries: What could be read.
        refused: How many lines between them could not.
    """

    entries: Sequence[NewEntry]
    refused: int = 0

    def __repr__(self) -> str:
        """How many: hash values are secrets."""
        return f"<ImportBatch entries={len(self.entries)} refused={self.refused}>"


def import_entries(
    tables: Tables,
    name: str,
    batches: Iterable[ImportBatch],
    by: str,
    *,
    origin: str,
    why: str | None = None,
    relist: bool = False,
    digest: Callable[[], str] | None = None,
    after_each: Callable[[Added], None] | None = None,
) -> Act:
    """List values in a bank, a transaction for each batch, and put it into the audit chain.

    Each batch is durable, and its entries match, before the next one is asked for. If something
    ends the import, what was done so far stands, whole batches of it, and the act shows that it
    is not finished. The same import once more does the rest.

    Args:
        tables: Where.
        name: Of the bank.
        batches: Some ten thousand values each.
        by: Who imports.
        origin: Name of the file or the exchange.
        why: In words.
        relist: As in ``add_entries``.
        digest: Asked at the end for the SHA-256 of what was read.
        after_each: Called with what became of each batch.

    Raises:
        UsageError: There is no such bank, or an argument is not usable.
        StoreError: The database refuses.
    """
    with tables.begin() as connection:
        found = get_bank(connection, name)
        act = begin_act(connection, found, "import", by, why=why, origin=origin)
    for batch in batches:
        with tables.begin() as connection:
            done = add_entries(connection, act, batch.entries, relist=relist)
            grow_act(connection, act, refused=batch.refused)
        if after_each is not None:
            after_each(done)
    with tables.begin() as connection:
        return finish_act(connection, act, digest=None if digest is None else digest())
