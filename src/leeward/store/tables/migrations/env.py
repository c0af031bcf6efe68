"""Alembic's entry: runs the revisions on the connection that Leeward hands over.

The connection is in a transaction already, which Leeward commits when all of it went well.
"""

from __future__ import annotations

from alembic import context

from leeward.store.tables._schema import metadata

connection = context.config.attributes["connection"]
# SQLite cannot alter a column; Alembic then copies the table.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
