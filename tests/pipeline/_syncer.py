"""A process that syncs a bank of the real tables, to be killed.

Usage: python -m tests.pipeline._syncer DATABASE ADDRESS SECONDS-SINCE-1970
"""

from __future__ import annotations

import sys

from leeward.connectors._exchange_ncmec import NcmecExchange
from leeward.pipeline import SyncedBank, sync
from leeward.store.tables import open_tables
from tests.connectors._exchange_servers import PASSWORD, USER


def main() -> None:
    """Sync once."""
    database, address, now = sys.argv[1:4]
    exchange = NcmecExchange(address, USER, PASSWORD, clock=lambda: float(now))
    with open_tables(database) as tables:
        report = sync(exchange, SyncedBank(tables, "harbour", "Ada Example"))
    exchange.close()
    print(report.pages)  # noqa: T201 - the parent must know that it came to its end


if __name__ == "__main__":
    main()
