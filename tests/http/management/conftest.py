"""Fixtures: an account with a user of each role, another account, a client of their server."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2
import httpx
import pytest

from tests.http.conftest import Clients
from web_image_ocr.identity import (
    API_NAME,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Role,
    Scope,
    passwords,
)
from web_image_ocr.identity.accounts.new_rows import (
    new_domain,
    new_project,
    new_subscription,
    new_user,
)
from web_image_ocr.identity.service import utc_now

PASSWORD = "correct-horse-battery"
ROLES = tuple(role.value for role in Role)


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in microseconds; tests of passwords use the real cost."""
    monkeypatch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)


@pytest.fixture(scope="session")
def populated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder to copy, which is faster than creating one."""
    folder = tmp_path_factory.mktemp("peopled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
        identity = Identity(IdentityConfig(), folder)
        identity.initialize(user_name="administrator", password=PASSWORD)
        for role in (Role.CALLER, Role.VIEWER):
            identity.administration.create_user(role.value, role, PASSWORD)
        _add_another_account(identity)
        identity.close()
    return folder


def _add_another_account(identity: Identity) -> None:
    """Insert a second account, which no command creates yet."""
    domain = new_domain("other", utc_now())
    with identity._passwords.slot() as hasher:
        hashed = hasher.hash(PASSWORD)
    user = new_user(domain.id, "stranger", hashed, Role.ADMINISTRATOR, utc_now())
    project = new_project(domain.id, "cn-north-4", utc_now())
    with identity._database.writing() as session:
        for row in (domain, user, project, new_subscription(project.id, API_NAME, utc_now())):
            session.add(row)
            session.flush()


@dataclass(frozen=True)
class AccountServer:
    """Hold a server, and users of every role with their tokens.

    Attributes:
        identity: of the server.
        client: of the server.
        project_id: the first account's project.
        tokens: by user name, for the first project of the user's account.
        ids: of the users, by name.
    """

    identity: Identity
    client: httpx.AsyncClient
    project_id: str
    tokens: dict[str, str]
    ids: dict[str, str]

    async def call(
        self, method: str, path: str, who: str | None = "administrator", **options: Any
    ) -> httpx.Response:
        """Make a call as the named user; None sends no token."""
        headers = {"X-Auth-Token": self.tokens[who]} if who else {}
        return await self.client.request(method, path, headers=headers, **options)

    def sign_in(self, user: str, password: str = PASSWORD) -> str:
        """Return a token for the first project of the user's account."""
        domain = "other" if user == "stranger" else "default"
        return self.identity.sign_in.log_in(
            PasswordLogin(
                user=Reference(name=user),
                domain=Reference(name=domain),
                password=password,
                scope=Scope(project=Reference(name="cn-north-4")),
            ),
            "127.0.0.1",
        ).token


@pytest.fixture
def account_identity(populated_folder: Path, tmp_path: Path) -> Iterator[Identity]:
    shutil.copytree(populated_folder, tmp_path, dirs_exist_ok=True)
    identity = Identity(IdentityConfig(), tmp_path)
    yield identity
    identity.close()


@pytest.fixture
async def server(clients: Clients, account_identity: Identity) -> AsyncIterator[AccountServer]:
    async with clients(account_identity) as client:
        project = account_identity.administration.projects()[0]
        made = AccountServer(
            identity=account_identity,
            client=client,
            project_id=project.id,
            tokens={},
            ids={user.name: user.id for user in account_identity.administration.users()},
        )
        for user in (*ROLES, "stranger"):
            made.tokens[user] = made.sign_in(user)
        yield made
