"""Alembic's entry: runs the migrations on the connection that :func:`accord.store.migrations.run` passes."""

from __future__ import annotations

from alembic import context

from accord.store.tables import metadata, version

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=version.name,
    render_as_batch=True,
)
context.run_migrations()
