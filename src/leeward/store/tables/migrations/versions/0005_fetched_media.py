"""Media that are fetched: what waits, what came of it, how far the log was followed, counts.

A revision is a record of the past: it spells the schema out and imports nothing of Leeward.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the fetcher."""
    op.create_table(
        "fetch_queue",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("uri", sa.String(2048), nullable=False),
        sa.Column("owner", sa.String(2048), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.PrimaryKeyConstraint("key", name="pk_fetch_queue"),
    )
    op.create_index("ix_fetch_queue_origin_due_at", "fetch_queue", ["origin", "due_at"])
    op.create_index("ix_fetch_queue_owner", "fetch_queue", ["owner"], postgresql_using="hash")
    op.create_table(
        "fetched_media",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("uri", sa.String(2048), nullable=False),
        sa.Column("owner", sa.String(2048), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.String(64)),
        sa.Column("sha1", sa.String(40)),
        sa.Column("md5", sa.String(32)),
        sa.Column("pdq", sa.String(64)),
        sa.Column("quality", sa.Integer),
        sa.Column("mime", sa.String(128)),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("damaged", sa.Integer),
        sa.Column("views", sa.Text),
        sa.Column("positions", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_fetched_media"),
    )
    op.create_index("uq_fetched_media_key", "fetched_media", ["key"], unique=True)
    op.create_index("ix_fetched_media_reason", "fetched_media", ["reason", "id"])
    op.create_index("ix_fetched_media_kind_seen", "fetched_media", ["kind", "seen"])
    for name in ("sha256", "sha1", "md5"):
        op.create_index(f"ix_fetched_media_{name}", "fetched_media", [name])
    op.create_index("ix_fetched_media_owner", "fetched_media", ["owner"], postgresql_using="hash")
    op.create_table(
        "fetch_state",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.String(64), nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fetch_state"),
    )
    op.create_table(
        "fetch_behind",
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("origin", name="pk_fetch_behind"),
    )
    op.create_table(
        "fetch_count",
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("media", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("outcome", "reason", name="pk_fetch_count"),
    )
