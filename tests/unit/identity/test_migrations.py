"""Stores of earlier forms are brought to the newest one with all that is in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from tests.unit.identity.support import START
from web_image_ocr.identity import Identity, IdentityConfig, Role

ROWS = {
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
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/old.db"
    postgres = request.getfixturevalue("postgres")
    postgres.run("CREATE DATABASE old")
    named: str = postgres.url("old")
    return named


def test_a_store_of_form_0001(url: str, tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "web_image_ocr.identity:migrations")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, row in ROWS.items():
            values = ", ".join(f":{name}" for name in row)
            connection.execute(
                text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"),  # noqa: S608
                {name: str(v) if name == "created_at" else v for name, v in row.items()},
            )
    engine.dispose()
    identity = Identity(IdentityConfig(database_url=url), tmp_path)
    (user,) = identity.administration.users()
    assert (user.id, user.role, user.created_at) == ("a" * 32, Role.ADMINISTRATOR, START)
    (key,) = identity.administration.access_keys()
    assert (key.access, key.created_at, key.last_used_at) == ("AK", START, None)
    identity.recorder.count("b" * 32, 200, "", 0.1)
    identity.recorder.key_used("AK")
    assert identity.recorder.flush()
    assert identity.administration.access_keys()[0].last_used_at
    identity.close()
