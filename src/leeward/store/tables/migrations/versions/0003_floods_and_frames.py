"""Hash banks: how often entries match, floods, and the frames of videos.

A revision is a record of the past: it spells the schema out and imports nothing of Leeward.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "bank_match",
        sa.Column("bank_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("days", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("began", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("matches", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bank_id", "entry_id", "days", "began", name="pk_bank_match"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_bank_match_began", "bank_match", ["days", "began"])
    op.create_table(
        "bank_flood",
        sa.Column("id", BIG_ID, sa.Identity(), nullable=False),
        sa.Column("bank_id", sa.BigInteger, nullable=False),
        sa.Column("entry_id", sa.BigInteger, nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("matches", sa.BigInteger, nullable=False),
        sa.Column("usual", sa.BigInteger, nullable=False),
        sa.Column("window", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_bank_flood"),
    )
    op.create_index("ix_bank_flood_entry_id", "bank_flood", ["entry_id", "bank_id"])
    op.create_table(
        "bank_frame",
        sa.Column("entry_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("frame", sa.BigInteger, nullable=False),
        sa.Column("quality", sa.Integer, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("millis", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "place", name="pk_bank_frame"),
        sqlite_with_rowid=False,
    )
