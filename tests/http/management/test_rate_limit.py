"""Rate limits of the identity API and the management API for users and networks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from tests.http.conftest import Clients
from tests.http.management.conftest import PASSWORD, AccountServer
from tests.support.api_assertions import assert_failure
from web_image_ocr.api.limits import management_rate_limit
from web_image_ocr.identity import Authorizer, Identity
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LIMITED = {"limit": "3", "time": "1 minute"}
SIGNED = {"Authorization": "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=00"}
FROM_HERE = {"X-Forwarded-For": "203.0.113.9"}
FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.10"}


@pytest.fixture(autouse=True)
def _told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(management_rate_limit, "REFUSAL_S", 0.0)


@pytest.fixture
async def limited(
    server: AccountServer, clients: Clients, account_identity: Identity
) -> AsyncIterator[AccountServer]:
    """Yield a server behind a proxy that allows three calls a minute."""
    async with clients(
        account_identity, trusted_proxies=("127.0.0.0/8",), management_rate_limit="3/minute"
    ) as client:
        yield replace(server, client=client)


async def test_calls_of_a_user_are_limited(limited: AccountServer) -> None:
    for path in ("/v1/me", "/v3/projects", "/v1/keys"):
        assert (await limited.call("GET", path, "caller")).status_code == 200
    refused = await limited.call("GET", "/v1/me", "caller")
    assert_failure(refused, ErrorKind.RATE_LIMITED, LIMITED)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await limited.call("GET", "/v1/me", "viewer")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v3/projects"),
        ("GET", "/v3/auth/tokens"),
        ("HEAD", "/v3/auth/tokens"),
        ("DELETE", "/v3/auth/tokens"),
    ],
)
async def test_the_identity_api_answers_in_its_own_form(
    limited: AccountServer, method: str, path: str
) -> None:
    for _ in range(3):
        await limited.call("GET", "/v1/me", "caller")
    refused = await limited.client.request(
        method,
        path,
        headers={
            "X-Auth-Token": limited.tokens["caller"],
            "X-Subject-Token": limited.tokens["viewer"],
        },
    )
    assert refused.status_code == 429
    assert "retry-after" in refused.headers
    if method != "HEAD":
        assert refused.json()["error"]["title"] == "Too Many Requests"
        assert "limit:3,time:1 minute" in refused.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v3/auth/tokens", "/v3.0/OS-CREDENTIAL/securitytokens"])
async def test_a_token_for_a_token_counts_for_its_user(limited: AccountServer, path: str) -> None:
    token = limited.tokens["caller"]
    body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}}
    headers = {"X-Auth-Token": token}
    answers = [
        (await limited.client.post(path, json=body, headers=headers)).status_code for _ in range(4)
    ]
    assert answers == [201, 201, 201, 429]


@pytest.mark.parametrize("path", ["/v3/auth/tokens", "/v3.0/OS-CREDENTIAL/securitytokens"])
@pytest.mark.parametrize("content", [b"{", b'{"auth": {"identity": {"methods": ["totp"]}}}'])
async def test_invalid_bodies_count_for_the_user(
    limited: AccountServer, path: str, content: bytes
) -> None:
    headers = {"X-Auth-Token": limited.tokens["caller"]}
    answers = [
        (await limited.client.post(path, content=content, headers=headers)).status_code
        for _ in range(4)
    ]
    assert answers == [400, 400, 400, 429]
    assert (await limited.call("GET", "/v1/me", "caller")).status_code == 429
    # These calls do not count for the network.
    assert (await _bad_token(limited.client, {})).status_code == 401


Call = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]


async def _bad_token(client: httpx.AsyncClient, origin: dict[str, str]) -> httpx.Response:
    return await client.get("/v1/me", headers={"X-Auth-Token": "x", **origin})


async def _nothing(client: httpx.AsyncClient, origin: dict[str, str]) -> httpx.Response:
    return await client.get("/v3/projects", headers=origin)


async def _bad_signature(client: httpx.AsyncClient, origin: dict[str, str]) -> httpx.Response:
    return await client.get("/v1/keys", headers={**SIGNED, **origin})


async def _garbage(client: httpx.AsyncClient, origin: dict[str, str]) -> httpx.Response:
    headers = {"X-Auth-Token": "x", **origin}
    return await client.post("/v3/auth/tokens", content=b"{", headers=headers)


@pytest.mark.parametrize("attack", [_bad_token, _nothing, _bad_signature, _garbage])
async def test_unauthenticated_calls_of_a_network_are_limited_together(
    limited: AccountServer, attack: Call
) -> None:
    for _ in range(3):
        assert (await attack(limited.client, FROM_HERE)).status_code in {400, 401}
    refused = await attack(limited.client, FROM_HERE)
    assert refused.status_code == 429
    assert (await attack(limited.client, FROM_ELSEWHERE)).status_code in {400, 401}
    # A valid token still works from this network.
    headers = {"X-Auth-Token": limited.tokens["caller"], **FROM_HERE}
    for path in ("/v1/me", "/v3/projects"):
        assert (await limited.client.get(path, headers=headers)).status_code == 200
    body = {"auth": {"identity": {"methods": ["token"], "token": {}}}}
    rescoped = await limited.client.post("/v3/auth/tokens", json=body, headers=headers)
    assert rescoped.status_code == 201


async def test_a_refused_network_costs_neither_a_signature_nor_a_hash(
    limited: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        await _nothing(limited.client, FROM_HERE)

    def asked(*_: object) -> None:
        raise AssertionError("identity was asked")

    monkeypatch.setattr(limited.identity.signatures, "check_headers", asked)
    monkeypatch.setattr(limited.identity.sign_in, "check_budget", asked)
    assert (await _bad_signature(limited.client, FROM_HERE)).status_code == 429
    user = {"name": "caller", "password": PASSWORD, "domain": {"name": "default"}}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    sign_in = await limited.client.post("/v3/auth/tokens", json=login, headers=FROM_HERE)
    assert sign_in.status_code == 429


async def test_database_failures_do_not_count(
    limited: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_: Authorizer, token: str) -> None:
        del token
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "gone")

    with monkeypatch.context() as patched:
        patched.setattr(Authorizer, "authenticate_token", unavailable)
        for _ in range(5):
            assert (await limited.call("GET", "/v1/me", "caller")).status_code == 503
    assert (await _bad_token(limited.client, {})).status_code == 401
    assert (await limited.call("GET", "/v1/me", "caller")).status_code == 200


async def test_a_refusal_is_delayed(
    limited: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of connections then limits a client that calls again at once."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(management_rate_limit, "REFUSAL_S", 1.0)
    monkeypatch.setattr("web_image_ocr.api.limits.management_rate_limit.asyncio.sleep", sleep)
    for _ in range(5):
        await limited.call("GET", "/v1/me", "caller")
    assert slept == [1.0, 1.0]


async def test_no_limit(
    server: AccountServer, clients: Clients, account_identity: Identity
) -> None:
    async with clients(account_identity, management_rate_limit="") as client:
        unlimited = replace(server, client=client)
        for _ in range(30):
            assert (await unlimited.call("GET", "/v1/me")).status_code == 200


async def test_the_default_lets_the_console_poll(server: AccountServer) -> None:
    """The console makes about 40 calls when it is opened, and then polls."""
    for _ in range(120):
        assert (await server.call("GET", "/v1/me")).status_code == 200
