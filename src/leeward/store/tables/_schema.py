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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = [
    "api_key",
    "audit",
    "audit_head",
    "bank",
    "bank_act",
    "bank_change",
    "bank_count",
    "bank_entry",
    "bank_feedback",
    "bank_flood",
    "bank_frame",
    "bank_listing",
    "bank_match",
    "bank_permission",
    "bank_source",
    "bank_version",
    "erasure",
    "fetch_behind",
    "fetch_count",
    "fetch_queue",
    "fetch_state",
    "fetched_media",
    "hold",
    "label",
    "media_cluster",
    "media_hash",
    "media_late",
    "media_name",
    "media_state",
    "metadata",
]

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

label: Final = Table(
    "label",
    metadata,
    _id(),
    Column("kind", String(16), nullable=False),
    Column("subject", String(2048), nullable=False),
    Column("label", String(16), nullable=False),
    # In thousandths: a copy of the tables holds no fractions.
    Column("weight", Integer, nullable=False),
    Column("case", String(64)),
    Column("since", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("reason", Text, nullable=False),
)
Index("ix_label_subject", label.c.subject, postgresql_using="hash")

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

bank: Final = Table(
    "bank",
    metadata,
    _id(),
    Column("name", String(64), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(200), nullable=False),
)

bank_version: Final = Table(
    "bank_version",
    metadata,
    Column("bank_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("meaning", String(32), nullable=False),
    Column("source", String(200), nullable=False),
    Column("distance", Integer, nullable=False),
    Column("automation_distance", Integer),
    Column("review", Integer, nullable=False),
    Column("causes", String(255), nullable=False),
    Column("paused_at", BigInteger),
    Column("paused_by", String(200)),
    Column("paused_why", Text),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String(200), nullable=False),
    Column("reason", Text),
)

# What was done to the entries of a bank: listings name it twice instead of a person and a time.
bank_act: Final = Table(
    "bank_act",
    metadata,
    _id(),
    Column("bank_id", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("why", Text),
    Column("origin", String(255)),
    Column("added", BigInteger, nullable=False),
    Column("listed", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("kept_out", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("digest", String(64)),
    Column("finished_at", BigInteger),
)

bank_source: Final = Table(
    "bank_source",
    metadata,
    _id(),
    Column("exchange", String(64), nullable=False),
    Column("member", String(255), nullable=False),
)
Index("uq_bank_source_exchange_member", *bank_source.c["exchange", "member"], unique=True)

bank_entry: Final = Table(
    "bank_entry",
    metadata,
    # Numbered by us, not by the database: a number that a rollback swallows would be a gap.
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("bank_id", BigInteger, nullable=False),
    Column("algorithm", String(32), nullable=False),
    Column("value", LargeBinary, nullable=False),
    # How many of its listings stand; it matches while that is not 0.
    Column("listed", Integer, nullable=False),
    Column("paused_at", BigInteger),
    Column("paused_by", String(200)),
    Column("paused_why", Text),
)
# The value first: a digest is looked up in all banks at once.
Index("uq_bank_entry_value", *bank_entry.c["value", "algorithm", "bank_id"], unique=True)
Index(
    "ix_bank_entry_paused",
    bank_entry.c.bank_id,
    sqlite_where=text("paused_at IS NOT NULL"),
    postgresql_where=text("paused_at IS NOT NULL"),
)

bank_listing: Final = Table(
    "bank_listing",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source_id", BigInteger, nullable=False),
    Column("external_id", String(255)),
    Column("classification", String(255)),
    Column("listed_at", BigInteger),
    Column("added", BigInteger, nullable=False),
    Column("withdrawn", BigInteger),
    # Rows lie in the order of their key, without a second tree.
    sqlite_with_rowid=False,
)
Index(
    "ix_bank_listing_external",
    *bank_listing.c["external_id", "source_id"],
    sqlite_where=text("external_id IS NOT NULL"),
    postgresql_where=text("external_id IS NOT NULL"),
)

# What a member has standing: an exchange that was read whole withdraws the rest.
Index(
    "ix_bank_listing_standing",
    *bank_listing.c["source_id", "entry_id", "number"],
    sqlite_where=text("withdrawn IS NULL"),
    postgresql_where=text("withdrawn IS NULL"),
)

bank_exchange: Final = Table(
    "bank_exchange",
    metadata,
    Column("bank_id", BigInteger, primary_key=True, autoincrement=False),
    Column("exchange", String(64), primary_key=True),
    Column("through", BigInteger, nullable=False),
    Column("token", Text, nullable=False),
    Column("completed_at", BigInteger),
)

bank_feedback: Final = Table(
    "bank_feedback",
    metadata,
    _id(),
    Column("bank_id", BigInteger, nullable=False),
    Column("entry_id", BigInteger, nullable=False),
    Column("listing", Integer, nullable=False),
    Column("given", Integer, nullable=False),
    Column("opinion", String(16), nullable=False),
    Column("reasons", Text),
    Column("at", BigInteger, nullable=False),
    Column("by", String(255), nullable=False),
    Column("sent_at", BigInteger),
)
Index("ix_bank_feedback_entry_id", bank_feedback.c.entry_id)

bank_change: Final = Table(
    "bank_change",
    metadata,
    Column("seq", _ID, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)

bank_count: Final = Table(
    "bank_count",
    metadata,
    Column("bank_id", BigInteger, primary_key=True, autoincrement=False),
    Column("algorithm", String(32), primary_key=True),
    Column("entries", BigInteger, nullable=False),
    Column("standing", BigInteger, nullable=False),
)

bank_permission: Final = Table(
    "bank_permission",
    metadata,
    _id(),
    Column("bank_id", BigInteger, nullable=False),
    Column("person", String(200), nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("given_by", String(200), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", String(200)),
)
Index("ix_bank_permission_bank_id", bank_permission.c.bank_id)

# How often entries match, in slots and in days (`days` is 0 or 1); entry 0 is the bank as a whole.
bank_match: Final = Table(
    "bank_match",
    metadata,
    Column("bank_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("days", Integer, primary_key=True, autoincrement=False),
    Column("began", BigInteger, primary_key=True, autoincrement=False),
    Column("matches", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_bank_match_began", *bank_match.c["days", "began"])

bank_flood: Final = Table(
    "bank_flood",
    metadata,
    _id(),
    Column("bank_id", BigInteger, nullable=False),
    Column("entry_id", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("matches", BigInteger, nullable=False),
    Column("usual", BigInteger, nullable=False),
    Column("window", BigInteger, nullable=False),
    Column("paused", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", String(200)),
)
Index("ix_bank_flood_entry_id", *bank_flood.c["entry_id", "bank_id"])

# The frames of a video, whose entry has the SHA-256 of them all as its value.
bank_frame: Final = Table(
    "bank_frame",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("frame", BigInteger, nullable=False),
    Column("quality", Integer, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("millis", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What was seen of pictures and videos: copies of one are a cluster, and every hash, digest and
# handle leads to it. Rows are numbered by us, in the order of the log.
media_cluster: Final = Table(
    "media_cluster",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    # The hash that all others of the cluster are near to; none where no picture was compared.
    Column("medoid", BigInteger),
    Column("merged_into", BigInteger),
    Column("merged_at", BigInteger),
    Column("merged_by", String(200)),
    Column("merged_why", Text),
)
Index(
    "ix_media_cluster_merged_into",
    media_cluster.c.merged_into,
    sqlite_where=text("merged_into IS NOT NULL"),
    postgresql_where=text("merged_into IS NOT NULL"),
)

media_hash: Final = Table(
    "media_hash",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("cluster_id", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False, unique=True),
)
Index("ix_media_hash_cluster_id", media_hash.c.cluster_id)

# By the log's keyed hash of a handle or a SHA-256, as its own look-ups have it.
media_name: Final = Table(
    "media_name",
    metadata,
    Column("key", _ID, primary_key=True, autoincrement=False),
    Column("cluster_id", BigInteger, nullable=False),
    Column("hash_id", BigInteger),
)
Index("ix_media_name_cluster_id", media_name.c.cluster_id)

# Names that came to have a hash after events with them had been read.
media_late: Final = Table(
    "media_late",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("key", BigInteger, nullable=False),
)

media_state: Final = Table(
    "media_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("fetched", BigInteger, nullable=False),
    Column("rewritten", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("clusters", BigInteger, nullable=False),
    Column("hashes", BigInteger, nullable=False),
    Column("late", BigInteger, nullable=False),
)

# Media without a hash that wait to be fetched. A long URI fits into no unique index of PostgreSQL,
# so its SHA-256 is the key.
fetch_queue: Final = Table(
    "fetch_queue",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("uri", String(2048), nullable=False),
    Column("owner", String(2048), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("origin", String(64), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("reason", String(32)),
)
Index("ix_fetch_queue_origin_due_at", *fetch_queue.c["origin", "due_at"])

fetched_media: Final = Table(
    "fetched_media",
    metadata,
    # Numbered by us, in the order in which they are committed: who follows them misses none.
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("uri", String(2048), nullable=False),
    Column("owner", String(2048), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(32)),
    Column("fetched_at", BigInteger, nullable=False),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Column("sha1", String(40)),
    Column("md5", String(32)),
    Column("pdq", String(64)),
    Column("quality", Integer),
    Column("mime", String(128)),
    Column("width", Integer),
    Column("height", Integer),
    Column("damaged", Integer),
    Column("views", Text),
    Column("positions", Text),
)
Index("uq_fetched_media_key", fetched_media.c.key, unique=True)
Index("ix_fetched_media_reason", *fetched_media.c["reason", "id"])
Index("ix_fetched_media_kind_seen", *fetched_media.c["kind", "seen"])
for _name in ("sha256", "sha1", "md5"):
    Index(f"ix_fetched_media_{_name}", fetched_media.c[_name])

for _table in (fetch_queue, fetched_media):
    Index(f"ix_{_table.name}_owner", _table.c.owner, postgresql_using="hash")

fetch_state: Final = Table(
    "fetch_state",
    metadata,
    # The one row of this table is the lock of whoever changes the others.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("listed", String(64), nullable=False),
    Column("last_id", BigInteger, nullable=False),
)

# Origins of which too many media wait already: from which place in the log they are looked for
# once there is room.
fetch_behind: Final = Table(
    "fetch_behind",
    metadata,
    Column("origin", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

fetch_count: Final = Table(
    "fetch_count",
    metadata,
    Column("outcome", String(16), primary_key=True),
    Column("reason", String(32), primary_key=True),
    Column("media", BigInteger, nullable=False),
)
