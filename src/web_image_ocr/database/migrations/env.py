"""Runs migrations inside the transaction that ``database`` holds; has no other way to run."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
