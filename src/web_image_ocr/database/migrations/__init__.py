"""The store's history, run by ``database`` through Alembic."""
