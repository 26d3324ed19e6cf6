"""Alembic's entry: runs the migrations on the connection that :func:`accord.store.migrations.run` passes."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="accord_version",
    render_as_batch=True,
)
context.run_migrations()
