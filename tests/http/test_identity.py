from __future__ import annotations

import asyncio
from datetime import datetime

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.support.api_assertions import (
    IMAGE,
    assert_envelope,
    assert_failure,
    assert_identity_failure,
)
from web_image_ocr.api.wire.identity import ProjectsAnswer, TemporaryKeyAnswer, TokenAnswer
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind

PASSWORD = "correct-horse-battery"
TOKENS = "/v3/auth/tokens"
KEYS = "/v3.0/OS-CREDENTIAL/securitytokens"


def sign_in(
    account: Account, *, password: str = PASSWORD, scope: object = None
) -> dict[str, object]:
    user = {
        "name": account.first.user,
        "password": password,
        "domain": {"name": account.first.domain},
    }
    auth: dict[str, object] = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": scope or {"project": {"name": account.first.project_name}},
    }
    return {"auth": auth}


async def test_a_password_gives_a_token_that_works(
    client: httpx.AsyncClient, account: Account
) -> None:
    response = await client.post(TOKENS + "?nocatalog=true", json=sign_in(account))
    assert response.status_code == 201
    assert_envelope(response)
    TokenAnswer.model_validate_json(response.content)
    said = response.json()["token"]
    assert said["catalog"] == []
    assert said["methods"] == ["password"]
    assert said["project"]["id"] == account.project_id
    assert said["user"]["name"] == account.first.user
    times = [datetime.fromisoformat(said[name]) for name in ("issued_at", "expires_at")]
    assert (times[1] - times[0]).total_seconds() == 24 * 3600
    token = response.headers["x-subject-token"]
    assert token not in response.text
    headers = {"X-Auth-Token": token}
    call = await client.post(account.path, headers=headers, json={"image": IMAGE})
    assert call.status_code == 200


async def test_a_token_for_the_account(client: httpx.AsyncClient, account: Account) -> None:
    scope = {"domain": {"name": account.first.domain}}
    response = await client.post(TOKENS, json=sign_in(account, scope=scope))
    assert response.status_code == 201
    said = response.json()["token"]
    assert "project" not in said
    assert said["domain"]["name"] == account.first.domain


async def test_a_wrong_password(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.post(TOKENS, json=sign_in(account, password="wrong"))
    assert_identity_failure(response, 401, "The username or password is wrong.")
    assert (await client.post(TOKENS, json=sign_in(account))).status_code == 201


def _with_user(user: object, scope: object = None) -> dict[str, object]:
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": scope}}


@pytest.mark.parametrize("content", ["", "{", " " * (32 * 1024 + 1)])
async def test_a_body_that_is_not_json(client: httpx.AsyncClient, content: str) -> None:
    response = await client.post(TOKENS, content=content)
    assert_identity_failure(response, 400, "The request body is invalid")


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"auth": 7},
        {"auth": {"identity": {"methods": []}}},
        {"auth": {"identity": {"methods": ["password"]}}},
        {"auth": {"identity": {"methods": ["assume_role"]}}},
        {"auth": {"identity": {"methods": ["password", "totp"]}}},
        _with_user({"name": "a"}),
        _with_user({"name": "a", "password": 7, "domain": {"name": "d"}}),
        _with_user({"name": "a", "password": "b"}),
        _with_user({"name": "a", "password": "b", "domain": {}}),
        _with_user({"password": "b", "domain": {"name": "d"}}),
        _with_user({"name": "a", "password": "b", "domain": {"name": "d"}}, {"project": {}}),
    ],
)
async def test_a_malformed_body(client: httpx.AsyncClient, body: object) -> None:
    response = await client.post(TOKENS, json=body)
    assert_identity_failure(response, 400, "The request body is invalid")


async def test_a_token_can_be_inspected(client: httpx.AsyncClient, account: Account) -> None:
    headers = {**account.headers, "X-Subject-Token": account.token}
    response = await client.get(TOKENS, headers=headers)
    assert response.status_code == 200
    assert response.headers["x-subject-token"] == account.token
    TokenAnswer.model_validate_json(response.content)
    head = await client.head(TOKENS, headers=headers)
    assert (head.status_code, head.content) == (200, b"")


async def test_a_bad_subject_token(client: httpx.AsyncClient, account: Account) -> None:
    for headers in (account.headers, {**account.headers, "X-Subject-Token": "abc"}):
        response = await client.get(TOKENS, headers=headers)
        assert_identity_failure(response, 404, "X-Subject-Token is invalid in the request")


async def test_asking_without_a_token(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.get(TOKENS, headers={"X-Subject-Token": account.token})
    assert response.status_code == 401
    assert response.json()["error"]["title"] == "Unauthorized"


async def test_a_token_for_a_token(client: httpx.AsyncClient, account: Account) -> None:
    identity = {"methods": ["token"], "token": {"id": account.domain_token}}
    scope = {"project": {"id": account.project_id}}
    body = {"auth": {"identity": identity, "scope": scope}}
    response = await client.post(TOKENS, json=body)
    assert response.status_code == 201
    assert response.json()["token"]["project"]["id"] == account.project_id


@pytest.mark.parametrize("query", ["", "?name=cn-north-4"])
async def test_projects(client: httpx.AsyncClient, account: Account, query: str) -> None:
    response = await client.get("/v3/projects" + query, headers=account.headers)
    assert response.status_code == 200
    ProjectsAnswer.model_validate_json(response.content)
    assert [project["id"] for project in response.json()["projects"]] == [account.project_id]


async def test_an_unknown_project_name(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.get("/v3/projects?name=nowhere", headers=account.headers)
    assert response.json()["projects"] == []


async def test_projects_are_for_callers(client: httpx.AsyncClient) -> None:
    response = await client.get("/v3/projects")
    message = "Incorrect IAM authentication information: x-auth-token not found"
    assert_identity_failure(response, 401, message)


@pytest.mark.parametrize("duration", [None, 900, "1800", 86_400])
async def test_a_temporary_key(
    client: httpx.AsyncClient, account: Account, duration: int | str | None
) -> None:
    identity = {"methods": ["token"], "token": {"duration_seconds": duration}}
    response = await client.post(
        KEYS, headers=account.headers, json={"auth": {"identity": identity}}
    )
    assert response.status_code == 201
    TemporaryKeyAnswer.model_validate_json(response.content)


@pytest.mark.parametrize("duration", [899, 86_401, -1, "soon", 1e3, True, "9" * 9])
async def test_a_temporary_key_of_another_duration(
    client: httpx.AsyncClient, account: Account, duration: object
) -> None:
    identity = {"methods": ["token"], "token": {"duration_seconds": duration}}
    response = await client.post(
        KEYS, headers=account.headers, json={"auth": {"identity": identity}}
    )
    assert_identity_failure(response, 400, "The request body is invalid")


async def test_unknown_identity_paths_get_the_gateways_error(client: httpx.AsyncClient) -> None:
    for path in ("/v3", "/v3/", "/v3/users", "/v3/auth/tokens/x"):
        assert_failure(await client.get(path), ErrorKind.ROUTE_UNKNOWN)


async def test_many_sign_ins_do_not_delay_calls(
    clients: Clients, identity: Identity, account: Account
) -> None:
    """Sign-ins above the concurrency limit are refused at once, and a token still works."""
    async with clients(identity) as client:
        guesses = [
            asyncio.create_task(client.post(TOKENS, json=sign_in(account))) for _ in range(90)
        ]
        await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
        call = await client.post(account.path, headers=account.headers, json={"image": IMAGE})
        assert call.status_code == 200
        done, waiting = await asyncio.wait(guesses, timeout=0.5)
        for guess in waiting:
            guess.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    refused = [task.result() for task in done if task.result().status_code == 429]
    assert refused
    assert all("retry-after" in answer.headers for answer in refused)
