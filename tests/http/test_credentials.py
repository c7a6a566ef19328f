from __future__ import annotations

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.http.signing import BODY, signed_headers
from tests.support.api_assertions import PATH, assert_failure
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind


async def test_a_token_is_accepted(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.post(account.path, headers=account.headers, content=BODY)
    assert response.status_code == 200


async def test_a_signature_is_accepted(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.post(account.path, headers=signed_headers(account), content=BODY)
    assert response.status_code == 200


async def test_a_signed_header_may_hold_any_text(
    client: httpx.AsyncClient, account: Account
) -> None:
    headers = signed_headers(account, extra={"user-agent": "部门/1.0".encode()})
    response = await client.post(account.path, headers=headers, content=BODY)
    assert response.status_code == 200


async def test_neither_token_nor_signature(client: httpx.AsyncClient, account: Account) -> None:
    response = await client.post(account.path, content=BODY)
    assert_failure(response, ErrorKind.CREDENTIALS_MISSING)


@pytest.mark.parametrize("authorization", ["Bearer abc", "Basic YTpi", ""])
async def test_other_authorization_schemes_are_ignored(
    client: httpx.AsyncClient, account: Account, authorization: str
) -> None:
    headers = {"Authorization": authorization}
    response = await client.post(account.path, headers=headers, content=BODY)
    assert_failure(response, ErrorKind.CREDENTIALS_MISSING)
    response = await client.post(account.path, headers={**headers, **account.headers}, content=BODY)
    assert response.status_code == 200


@pytest.mark.parametrize("authorization", ["SDK-HMAC-SHA256", "SDK-HMAC-SHA256 Access=a", "SDK-X"])
async def test_a_broken_signature_header(
    client: httpx.AsyncClient, account: Account, authorization: str
) -> None:
    headers = {"Authorization": authorization}
    response = await client.post(account.path, headers=headers, content=BODY)
    assert_failure(response, ErrorKind.SIGNATURE_INVALID)


async def test_with_both_the_signature_decides(client: httpx.AsyncClient, account: Account) -> None:
    good, bad = signed_headers(account), signed_headers(account, secret="another")
    with_good = {**good, b"x-auth-token": b"garbage"}
    response = await client.post(account.path, headers=with_good, content=BODY)
    assert response.status_code == 200
    with_bad = {**bad, b"x-auth-token": account.token.encode()}
    response = await client.post(account.path, headers=with_bad, content=BODY)
    assert_failure(response, ErrorKind.SIGNATURE_INVALID)
    await client.post(account.path, headers=good, content=BODY)  # resets the count of failures


async def test_another_body_than_the_signed_one(
    client: httpx.AsyncClient, account: Account
) -> None:
    response = await client.post(account.path, headers=signed_headers(account), content=BODY + b" ")
    assert_failure(response, ErrorKind.SIGNATURE_INVALID)


async def test_a_garbled_token(client: httpx.AsyncClient, account: Account) -> None:
    for token in (b"abc", "图".encode(), account.token[:-1].encode() + b"!", b"a.b.c", b" "):
        response = await client.post(account.path, headers={b"x-auth-token": token}, content=BODY)
        assert response.status_code == 401
        assert response.json()["error_code"] == "APIG.0301"


async def test_a_token_without_a_project(client: httpx.AsyncClient, account: Account) -> None:
    headers = {"X-Auth-Token": account.domain_token}
    response = await client.post(account.path, headers=headers, content=BODY)
    assert_failure(response, ErrorKind.TOKEN_WITHOUT_PROJECT)


@pytest.mark.parametrize("project", ["%7Bproject_id%7D", "x", "a" * 5000, "%E5%9B%BE", "..%2F.."])
async def test_a_project_of_another_account(
    client: httpx.AsyncClient, account: Account, project: str
) -> None:
    path = PATH.replace(PATH.split("/")[2], project)
    response = await client.post(path, headers=account.headers, content=BODY)
    assert response.status_code in {403, 404}
    if "%2F" not in project:
        assert_failure(response, ErrorKind.PROJECT_FORBIDDEN)
        response = await client.post(path, headers=signed_headers(account, path=path), content=BODY)
        assert_failure(response, ErrorKind.PROJECT_FORBIDDEN)


async def test_failures_lock_the_address_that_a_trusted_proxy_names(
    clients: Clients, identity: Identity, account: Account
) -> None:
    bad = signed_headers(account, secret="another")
    async with clients(identity, peer="10.0.0.1", trusted_proxies=("10.0.0.0/8",)) as client:
        guesser = {b"x-forwarded-for": b"203.0.113.9, 198.51.100.1, 10.1.1.1"}
        for _ in range(5):
            response = await client.post(account.path, headers={**bad, **guesser}, content=BODY)
            assert_failure(response, ErrorKind.SIGNATURE_INVALID)
        good = signed_headers(account)
        response = await client.post(account.path, headers={**good, **guesser}, content=BODY)
        assert response.status_code == 401
        assert response.json()["error_msg"].endswith("failed to reach the limit,forbidden.")
        other = {b"x-forwarded-for": b"203.0.113.9, 198.51.100.2"}
        response = await client.post(account.path, headers={**good, **other}, content=BODY)
        assert response.status_code == 200
    async with clients(identity, peer="192.0.2.1") as direct:
        response = await direct.post(account.path, headers={**good, **guesser}, content=BODY)
        assert response.status_code == 200
