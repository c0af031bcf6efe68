"""Tables of any size are backed up and restored in little memory."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

from leeward.model import BankSettings, NewEntry, Provenance
from leeward.store import Writer, backup, restore
from leeward.store.tables import (
    ImportBatch,
    count_banks,
    create_bank,
    import_entries,
    open_tables,
)
from tests.store._helpers import batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROWS = 20_000
"""Two rows each; as Python objects, all of them would take some thirty megabytes."""

MOST = 8 << 20


def batches() -> Iterator[ImportBatch]:
    who = Provenance(exchange="pilots", member="north")
    for first in range(0, ROWS, 5_000):
        numbers = range(first, first + 5_000)
        yield ImportBatch([NewEntry("pdq", n.to_bytes(32, "big"), who) for n in numbers])


def peak(work: Callable[[], object]) -> int:
    """The most memory that Python objects took meanwhile."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_bank_goes_through_a_backup_in_little_memory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with Writer.open(data) as writer:
        writer.append(batch(range(10)))
    with open_tables(f"sqlite:///{data}/leeward.db") as tables:
        with tables.begin() as connection:
            create_bank(
                connection, "pilots", BankSettings(meaning="exploitative", source="us"), "Ada"
            )
        import_entries(tables, "pilots", batches(), "Ada", origin="list.csv")
    assert peak(lambda: backup(data, tmp_path / "copy")) < MOST
    assert peak(lambda: restore(tmp_path / "copy", tmp_path / "new")) < MOST
    with (
        open_tables(f"sqlite:///{tmp_path}/new/leeward.db") as tables,
        tables.read() as connection,
    ):
        (count,) = count_banks(connection)
    assert (count.entries, count.standing) == (ROWS, ROWS)
