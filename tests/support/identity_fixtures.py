"""Provide the fixtures of a database with one account; a conftest imports all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import argon2
import pytest

from tests.support.backing_services import Postgres, running_postgres
from tests.support.identity import CLIENT, PASSWORD, Clock
from web_image_ocr.database.tables import MetadataRow, Table
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Scope,
    TokenGrant,
    passwords,
)

__all__ = [
    "account",
    "cheap_hashes",
    "clock",
    "config",
    "database_url",
    "empty_installation",
    "identity",
    "log_in",
    "postgres",
    "pytest_generate_tests",
]

ON_BOTH_DATABASES = {
    "test_administration",
    "test_revoked_tokens",
    "test_lockout",
    "test_pagination",
    "test_roles",
    "test_rotation",
    "test_service",
    "test_usage",
}
"""Modules whose tests are run on SQLite and on PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if "database_url" in metafunc.fixturenames and module in ON_BOTH_DATABASES:
        postgresql = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("database_url", ["sqlite", postgresql], indirect=True)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in microseconds; test_passwords tests the real cost."""
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(database_url: str) -> IdentityConfig:
    return IdentityConfig(store_wait_seconds=0.2, database_url=database_url)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of the database; empty for SQLite, the default."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    postgres: Postgres = request.getfixturevalue("postgres")
    tables = [name for name in Table.metadata.tables if name != MetadataRow.__tablename__]
    postgres.run(f"TRUNCATE {', '.join(tables)}")
    return postgres.url()


@pytest.fixture(scope="session")
def postgres(empty_installation: Path) -> Iterator[Postgres]:
    """Start a PostgreSQL with the master key of the empty installation."""
    with running_postgres() as started:
        with closing(Identity(IdentityConfig(database_url=started.url()), empty_installation)):
            pass
        yield started


@pytest.fixture(scope="session")
def empty_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new data folder; copying it is faster than creating one for every test."""
    folder = tmp_path_factory.mktemp("empty_installation")
    Identity(IdentityConfig(), folder).close()
    return folder


@pytest.fixture
def identity(
    tmp_path: Path, empty_installation: Path, clock: Clock, config: IdentityConfig
) -> Iterator[Identity]:
    shutil.copytree(empty_installation, tmp_path, dirs_exist_ok=True)
    opened = Identity(config, tmp_path, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def account(identity: Identity) -> FirstAccount:
    return identity.initialize(password=PASSWORD)


@pytest.fixture
def log_in(identity: Identity, account: FirstAccount) -> Callable[..., TokenGrant]:
    """Sign in as the administrator, for the first project unless told otherwise."""
    first_project = Scope(project=Reference(id=account.project_id))

    def _log_in(
        password: str = PASSWORD,
        *,
        user: str = "admin",
        scope: Scope = first_project,
        client: str = CLIENT,
    ) -> TokenGrant:
        login = PasswordLogin(
            user=Reference(name=user),
            domain=Reference(name="default"),
            password=password,
            scope=scope,
        )
        return identity.sign_in.log_in(login, client)

    return _log_in
