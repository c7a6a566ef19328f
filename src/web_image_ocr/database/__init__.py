"""Open, migrate and back up the database. Knows no accounts and no HTTP."""
