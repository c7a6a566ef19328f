"""A store with one account."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import argon2
import pytest

from tests.backing import Postgres, running_postgres
from tests.unit.identity.support import CLIENT, PASSWORD, Clock
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

ON_BOTH_STORES = {
    "test_administration",
    "test_ended_tokens",
    "test_lockout",
    "test_pages",
    "test_roles",
    "test_rotation",
    "test_service",
    "test_usage",
}
"""Modules whose tests are run on SQLite and on PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = metafunc.module.__name__.rpartition(".")[2]
    if "store" in metafunc.fixturenames and module in ON_BOTH_STORES:
        postgresql = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("store", ["sqlite", postgresql], indirect=True)


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in microseconds; the real cost is looked at in test_passwords."""
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config(store: str) -> IdentityConfig:
    return IdentityConfig(store_wait_seconds=0.2, database_url=store)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    """The URL of the store; empty for SQLite, which a test has unless it asks for another."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    postgres: Postgres = request.getfixturevalue("postgres")
    tables = [name for name in Table.metadata.tables if name != MetadataRow.__tablename__]
    postgres.run(f"TRUNCATE {', '.join(tables)}")
    return postgres.url()


@pytest.fixture(scope="session")
def postgres(new_store: Path) -> Iterator[Postgres]:
    """A PostgreSQL that belongs to the master key of the new store."""
    with running_postgres() as started:
        with closing(Identity(IdentityConfig(database_url=started.url()), new_store)):
            pass
        yield started


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder just made; copying it is quicker than making it for every test."""
    folder = tmp_path_factory.mktemp("new_store")
    Identity(IdentityConfig(), folder).close()
    return folder


@pytest.fixture
def identity(
    tmp_path: Path, new_store: Path, clock: Clock, config: IdentityConfig
) -> Iterator[Identity]:
    shutil.copytree(new_store, tmp_path, dirs_exist_ok=True)
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
