"""Migrate the schema with Alembic; run by ``database.revisions``."""
