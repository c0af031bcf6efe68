"""Hash banks: their versions, entries, listings, exchanges, feedback, changes and permissions.

A revision is a record of the past: it spells the schema out and imports nothing of Leeward.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
PAUSED = sa.text("paused_at IS NOT NULL")
NAMED = sa.text("external_id IS NOT NULL")
STANDING = sa.text("withdrawn IS NULL")


def upgrade() -> None:
    """Make the tables of the banks."""
    _banks()
    _entries()
    _around()


def _banks() -> None:
    op.create_table(
        "bank",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank"),
        sa.UniqueConstraint("name", name="uq_bank_name"),
    )
    op.create_table(
        "bank_version",
        sa.Column("bank_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("meaning", sa.String(32), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("distance", sa.Integer, nullable=False),
        sa.Column("automation_distance", sa.Integer),
        sa.Column("review", sa.Integer, nullable=False),
        sa.Column("causes", sa.String(255), nullable=False),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("paused_by", sa.String(200)),
        sa.Column("paused_why", sa.Text),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("bank_id", "version", name="pk_bank_version"),
    )


def _entries() -> None:
    op.create_table(
        "bank_act",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("bank_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("origin", sa.String(255)),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.BigInteger, nullable=False),
        sa.Column("known", sa.BigInteger, nullable=False),
        sa.Column("kept_out", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("finished_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_bank_act"),
    )
    op.create_table(
        "bank_source",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("exchange", sa.String(64), nullable=False),
        sa.Column("member", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_source"),
    )
    op.create_index(
        "uq_bank_source_exchange_member", "bank_source", ["exchange", "member"], unique=True
    )
    op.create_table(
        "bank_entry",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("bank_id", sa.BigInteger, nullable=False),
        sa.Column("algorithm", sa.String(32), nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("listed", sa.Integer, nullable=False),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("paused_by", sa.String(200)),
        sa.Column("paused_why", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_bank_entry"),
    )
    op.create_index(
        "uq_bank_entry_value", "bank_entry", ["value", "algorithm", "bank_id"], unique=True
    )
    op.create_index(
        "ix_bank_entry_paused",
        "bank_entry",
        ["bank_id"],
        sqlite_where=PAUSED,
        postgresql_where=PAUSED,
    )
    op.create_table(
        "bank_listing",
        sa.Column("entry_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("source_id", sa.BigInteger, nullable=False),
        sa.Column("external_id", sa.String(255)),
        sa.Column("classification", sa.String(255)),
        sa.Column("listed_at", sa.BigInteger),
        sa.Column("added", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.PrimaryKeyConstraint("entry_id", "number", name="pk_bank_listing"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_bank_listing_external",
        "bank_listing",
        ["external_id", "source_id"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )
    op.create_index(
        "ix_bank_listing_standing",
        "bank_listing",
        ["source_id", "entry_id", "number"],
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )


def _around() -> None:
    op.create_table(
        "bank_exchange",
        sa.Column("bank_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("exchange", sa.String(64), nullable=False),
        sa.Column("through", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("completed_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("bank_id", "exchange", name="pk_bank_exchange"),
    )
    op.create_table(
        "bank_feedback",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("bank_id", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.BigInteger, nullable=False),
        sa.Column("listing", sa.Integer, nullable=False),
        sa.Column("given", sa.Integer, nullable=False),
        sa.Column("opinion", sa.String(16), nullable=False),
        sa.Column("reasons", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_bank_feedback"),
    )
    op.create_index("ix_bank_feedback_entry_id", "bank_feedback", ["entry_id"])
    op.create_table(
        "bank_change",
        sa.Column("seq", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_bank_change"),
    )
    op.create_table(
        "bank_count",
        sa.Column("bank_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("algorithm", sa.String(32), nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("standing", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bank_id", "algorithm", name="pk_bank_count"),
    )
    op.create_table(
        "bank_permission",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("bank_id", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.Column("given_by", sa.String(200), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("revoked_by", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_bank_permission"),
    )
    op.create_index("ix_bank_permission_bank_id", "bank_permission", ["bank_id"])
