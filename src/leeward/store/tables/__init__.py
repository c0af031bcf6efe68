"""The operational tables: API keys, holds, the audit chain, the book of erasures.

SQLAlchemy Core and one code path for SQLite and PostgreSQL. :func:`open_tables` gives a
:class:`Tables`; everything else takes the connection of one of its transactions::

    with open_tables("sqlite:///data/leeward.db") as tables, tables.begin() as connection:
        key, secret = create_key(connection, "gateway", ["events:write"], by="Ada Example")

Each act appends an entry to the audit chain in its own transaction.
"""

from leeward.store.tables._address import database_url
from leeward.store.tables._anchor import read_anchor, write_anchor
from leeward.store.tables._audit import (
    GENESIS,
    AuditEntry,
    AuditFault,
    AuditHead,
    AuditReport,
    audit_entries,
    head_of,
    lock_audit,
    record,
    verify_audit,
)
from leeward.store.tables._copy import CopiedRow, dump, load
from leeward.store.tables._erasures import (
    Erasure,
    ask_again,
    ask_erasure,
    finish_erasure,
    list_erasures,
    pause_erasure,
)
from leeward.store.tables._holds import (
    Hold,
    Keeps,
    list_holds,
    open_holds,
    place_hold,
    release_hold,
)
from leeward.store.tables._keys import (
    SCOPES,
    Key,
    Scope,
    create_key,
    list_keys,
    note_use,
    revoke_key,
    verify_key,
)
from leeward.store.tables._migrate import open_tables
from leeward.store.tables._tables import Tables

__all__ = [
    "GENESIS",
    "SCOPES",
    "AuditEntry",
    "AuditFault",
    "AuditHead",
    "AuditReport",
    "CopiedRow",
    "Erasure",
    "Hold",
    "Keeps",
    "Key",
    "Scope",
    "Tables",
    "ask_again",
    "ask_erasure",
    "audit_entries",
    "create_key",
    "database_url",
    "dump",
    "finish_erasure",
    "head_of",
    "list_erasures",
    "list_holds",
    "list_keys",
    "load",
    "lock_audit",
    "note_use",
    "open_holds",
    "open_tables",
    "pause_erasure",
    "place_hold",
    "read_anchor",
    "record",
    "release_hold",
    "revoke_key",
    "verify_audit",
    "verify_key",
    "write_anchor",
]
