"""Changes by an operator take effect at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.http.conftest import Clients
from tests.support.api_assertions import IMAGE, assert_failure, web_image_path
from web_image_ocr.identity import (
    API_NAME,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Role,
    Scope,
)
from web_image_ocr.primitives.errors import ErrorKind

pytestmark = pytest.mark.slow

PASSWORD = "correct-horse-battery"
BODY = {"image": IMAGE}


@pytest.fixture
def own_identity(tmp_path: Path) -> Iterator[Identity]:
    identity = Identity(IdentityConfig(), tmp_path)
    identity.initialize(password=PASSWORD)
    yield identity
    identity.close()


def _path(identity: Identity) -> str:
    return web_image_path(identity.administration.projects()[0].id)


def _token(identity: Identity, user: str = "admin") -> dict[str, str]:
    login = PasswordLogin(
        user=Reference(name=user),
        domain=Reference(name="default"),
        password=PASSWORD,
        scope=Scope(project=Reference(name="cn-north-4")),
    )
    return {"X-Auth-Token": identity.sign_in.log_in(login, "127.0.0.1").token}


async def _call(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> httpx.Response:
    return await client.post(path, headers=headers, json=BODY)


async def test_a_viewer_may_not_call(clients: Clients, own_identity: Identity) -> None:
    for role, status in ((Role.VIEWER, 403), (Role.CALLER, 200)):
        own_identity.administration.create_user(role.value, role, PASSWORD)
        async with clients(own_identity) as client:
            headers = _token(own_identity, role.value)
            response = await _call(client, _path(own_identity), headers)
            assert response.status_code == status
            if status == 403:
                assert_failure(response, ErrorKind.ROLE_FORBIDDEN)


async def test_a_new_password_revokes_tokens(clients: Clients, own_identity: Identity) -> None:
    headers = _token(own_identity)
    async with clients(own_identity) as client:
        assert (await _call(client, _path(own_identity), headers)).status_code == 200
        own_identity.administration.set_password("admin", "another-long-password")
        response = await _call(client, _path(own_identity), headers)
    assert_failure(response, ErrorKind.TOKEN_REVOKED)


async def test_a_disabled_user_is_refused(clients: Clients, own_identity: Identity) -> None:
    headers = _token(own_identity)
    own_identity.administration.create_user("second", Role.ADMINISTRATOR, PASSWORD)
    own_identity.administration.disable_user("admin")
    async with clients(own_identity) as client:
        response = await _call(client, _path(own_identity), headers)
        assert_failure(response, ErrorKind.TOKEN_REVOKED)


async def test_a_disabled_service(clients: Clients, own_identity: Identity) -> None:
    headers = _token(own_identity)
    own_identity.administration.disable("cn-north-4", API_NAME)
    async with clients(own_identity) as client:
        response = await _call(client, _path(own_identity), headers)
        assert_failure(response, ErrorKind.NOT_SUBSCRIBED)
        own_identity.administration.enable("cn-north-4", API_NAME)
        assert (await _call(client, _path(own_identity), headers)).status_code == 200


async def test_a_token_of_another_project(clients: Clients, own_identity: Identity) -> None:
    headers = _token(own_identity)
    other = own_identity.administration.create_project("other")
    own_identity.administration.enable("other", API_NAME)
    async with clients(own_identity) as client:
        response = await _call(client, web_image_path(other.id), headers)
        assert_failure(response, ErrorKind.PROJECT_FORBIDDEN)
