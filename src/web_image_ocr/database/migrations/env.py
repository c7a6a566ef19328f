"""Run migrations in the transaction of ``database``; the Alembic command is not supported."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
