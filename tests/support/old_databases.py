"""Databases of earlier revisions."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from tests.support.identity import START

ROWS: dict[str, dict[str, object]] = {
    "domains": {"id": "d" * 32, "name": "default", "created_at": START},
    "users": {
        "id": "a" * 32,
        "domain_id": "d" * 32,
        "name": "admin",
        "password_hash": "x",
        "role": "administrator",
        "enabled": True,
        "generation": 3,
        "created_at": START,
    },
    "projects": {"id": "b" * 32, "domain_id": "d" * 32, "name": "p", "created_at": START},
    "access_keys": {
        "access": "AK",
        "user_id": "a" * 32,
        "sealed_secret": b"sealed",
        "enabled": True,
        "created_at": START,
    },
    "subscriptions": {"project_id": "b" * 32, "api": "web-image", "created_at": START},
    "failures": {"subject": "key:AK", "client": "192.0.2.1", "failed": 2, "void_at": START},
}
"""One row of each table that the first revision has; the database has no master key yet."""


def make_first_revision(url: str) -> None:
    """Create a database of revision 0001 with a row in each table."""
    config = Config()
    config.set_main_option("script_location", "web_image_ocr.database:migrations")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, row in ROWS.items():
            values = ", ".join(f":{name}" for name in row)
            connection.execute(
                text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"),  # noqa: S608
                {name: str(v) if name.endswith("_at") else v for name, v in row.items()},
            )
    engine.dispose()


def rows_of(url: str) -> dict[str, dict[str, object]]:
    """Read the columns and rows that the first revision has."""
    engine = create_engine(url)
    found = {}
    with engine.connect() as connection:
        for table, row in ROWS.items():
            query = text(f"SELECT {', '.join(row)} FROM {table}")  # noqa: S608
            (read,) = connection.execute(query).mappings()
            found[table] = {
                name: str(value) if name.endswith("_at") else value for name, value in read.items()
            }
    engine.dispose()
    return found
