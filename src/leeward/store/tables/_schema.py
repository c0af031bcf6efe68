"""The operational tables as they stand at the newest revision.

One description serves SQLite and PostgreSQL. Times are microseconds since 1970 UTC. JSON is
kept as text, in the canonical form of :func:`leeward.store.tables._checks.canonical`: the
audit chain covers its bytes, and both databases give back exactly what was written.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = ["api_key", "audit", "audit_head", "erasure", "hold", "metadata"]

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the column is exactly an INTEGER PRIMARY KEY.
_ID: Final = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", _ID, Identity(), primary_key=True)


api_key: Final = Table(
    "api_key",
    metadata,
    _id(),
    Column("name", String(128), nullable=False),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("scopes", String(255), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", String(200)),
    Column("last_used_at", BigInteger),
)
Index(
    "uq_api_key_name_in_force",
    api_key.c.name,
    unique=True,
    sqlite_where=text("revoked_at IS NULL"),
    postgresql_where=text("revoked_at IS NULL"),
)

hold: Final = Table(
    "hold",
    metadata,
    _id(),
    Column("subject", String(2048), nullable=False),
    Column("basis", Text, nullable=False),
    Column("keeps", String(16), nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("placed_by", String(200), nullable=False),
    Column("expires_at", BigInteger),
    Column("released_at", BigInteger),
    Column("released_by", String(200)),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("verb", String(64), nullable=False),
    Column("subject", String(2048), nullable=False),
    Column("details", Text, nullable=False),
    Column("prev_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    # The one row of this table is the lock that keeps the chain dense.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

erasure: Final = Table(
    "erasure",
    metadata,
    _id(),
    Column("subject", String(2048), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("done_at", BigInteger),
    Column("events", BigInteger),
    Column("kept_for_hold", BigInteger),
    Column("proof", Text),
)

# A long URI does not fit into a row of PostgreSQL's B-tree; into its hash index it does.
for _table in (hold, erasure):
    Index(f"ix_{_table.name}_subject", _table.c.subject, postgresql_using="hash")
