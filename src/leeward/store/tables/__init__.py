"""The operational tables: API keys, holds, the audit chain, the book of erasures, hash banks.

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
from leeward.store.tables._banks import (
    bank_history,
    change_bank,
    create_bank,
    get_bank,
    list_banks,
    pause_bank,
    resume_bank,
)
from leeward.store.tables._banks_acts import (
    Act,
    ActKind,
    begin_act,
    finish_act,
    list_acts,
)
from leeward.store.tables._banks_add import Added, add_entries
from leeward.store.tables._banks_export import (
    Permission,
    begin_export,
    list_permissions,
    permit_values,
    revoke_permissions,
)
from leeward.store.tables._banks_feedback import (
    list_feedback,
    note_feedback_sent,
    put_feedback,
)
from leeward.store.tables._banks_import import ImportBatch, import_entries
from leeward.store.tables._banks_opinions import GivenOpinion
from leeward.store.tables._banks_read import (
    BankChange,
    BankCount,
    EntryArrays,
    ExactMatch,
    Listed,
    bank_changes,
    count_banks,
    entry_arrays,
    get_entries,
    last_change,
    listed_entries,
    look_up,
    paused_entries,
)
from leeward.store.tables._banks_rows import CHANGE_KINDS, ChangeKind
from leeward.store.tables._banks_sync import (
    StatedCounts,
    StatedItem,
    SyncState,
    apply_stated,
    begin_sync,
    keep_sync_state,
    list_sync_states,
    standing_items,
)
from leeward.store.tables._banks_withdraw import (
    Withdrawn,
    pause_entries,
    resume_entries,
    withdraw_entries,
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
    "CHANGE_KINDS",
    "GENESIS",
    "SCOPES",
    "Act",
    "ActKind",
    "Added",
    "AuditEntry",
    "AuditFault",
    "AuditHead",
    "AuditReport",
    "BankChange",
    "BankCount",
    "ChangeKind",
    "CopiedRow",
    "EntryArrays",
    "Erasure",
    "ExactMatch",
    "GivenOpinion",
    "Hold",
    "ImportBatch",
    "Keeps",
    "Key",
    "Listed",
    "Permission",
    "Scope",
    "StatedCounts",
    "StatedItem",
    "SyncState",
    "Tables",
    "Withdrawn",
    "add_entries",
    "apply_stated",
    "ask_again",
    "ask_erasure",
    "audit_entries",
    "bank_changes",
    "bank_history",
    "begin_act",
    "begin_export",
    "begin_sync",
    "change_bank",
    "count_banks",
    "create_bank",
    "create_key",
    "database_url",
    "dump",
    "entry_arrays",
    "finish_act",
    "finish_erasure",
    "get_bank",
    "get_entries",
    "head_of",
    "import_entries",
    "keep_sync_state",
    "last_change",
    "list_acts",
    "list_banks",
    "list_erasures",
    "list_feedback",
    "list_holds",
    "list_keys",
    "list_permissions",
    "list_sync_states",
    "listed_entries",
    "load",
    "lock_audit",
    "look_up",
    "note_feedback_sent",
    "note_use",
    "open_holds",
    "open_tables",
    "pause_bank",
    "pause_entries",
    "pause_erasure",
    "paused_entries",
    "permit_values",
    "place_hold",
    "put_feedback",
    "read_anchor",
    "record",
    "release_hold",
    "resume_bank",
    "resume_entries",
    "revoke_key",
    "revoke_permissions",
    "standing_items",
    "verify_audit",
    "verify_key",
    "withdraw_entries",
    "write_anchor",
]
