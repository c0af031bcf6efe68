"""Both databases, as the tests of the tables have them."""

from __future__ import annotations

from tests.store.tables.conftest import address, new_database, server, tables

__all__ = ["address", "new_database", "server", "tables"]
