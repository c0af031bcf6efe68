"""The media map: clusters of copies, their hashes, and what leads to them.

A revision is a record of the past: it spells the schema out and imports nothing of Leeward.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    """Make the five tables."""
    op.create_table(
        "media_cluster",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("medoid", sa.BigInteger),
        sa.Column("merged_into", sa.BigInteger),
        sa.Column("merged_at", sa.BigInteger),
        sa.Column("merged_by", sa.String(200)),
        sa.Column("merged_why", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_media_cluster"),
    )
    op.create_index(
        "ix_media_cluster_merged_into",
        "media_cluster",
        ["merged_into"],
        sqlite_where=MERGED,
        postgresql_where=MERGED,
    )
    op.create_table(
        "media_hash",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("cluster_id", sa.BigInteger, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media_hash"),
        sa.UniqueConstraint("value", name="uq_media_hash_value"),
    )
    op.create_index("ix_media_hash_cluster_id", "media_hash", ["cluster_id"])
    op.create_table(
        "media_name",
        sa.Column("key", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("cluster_id", sa.BigInteger, nullable=False),
        sa.Column("hash_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("key", name="pk_media_name"),
    )
    op.create_index("ix_media_name_cluster_id", "media_name", ["cluster_id"])
    op.create_table(
        "media_late",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media_late"),
    )
    _state()


def _state() -> None:
    numbers = ("seq", "fetched", "rewritten", "epoch", "clusters", "hashes", "late")
    op.create_table(
        "media_state",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        sa.PrimaryKeyConstraint("id", name="pk_media_state"),
    )
