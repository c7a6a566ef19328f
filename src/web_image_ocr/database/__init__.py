"""Open, migrate and back up the database. No accounts, no HTTP."""
