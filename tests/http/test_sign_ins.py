"""Waiting sign-ins and signatures do not block other calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.http.conftest import Account, Clients
from tests.http.signing import BODY, signed_headers
from web_image_ocr.api.limits.management_rate_limit import REFUSAL_S
from web_image_ocr.identity import (
    Identity,
    IdentityConfig,
    PasswordLogin,
    SignedRequest,
    TokenGrant,
)
from web_image_ocr.identity.brute_force.sign_in_budget import SignInBudget

pytestmark = pytest.mark.slow  # real password hashes


@pytest.fixture
def gate(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Return an event; sign-ins wait until it is set."""
    opened = threading.Event()
    log_in = identity.sign_in.log_in

    def held(login: PasswordLogin, client: str, *, may_write: bool) -> TokenGrant:
        opened.wait()
        return log_in(login, client, may_write=may_write)

    monkeypatch.setattr(identity.sign_in, "log_in", held)
    yield opened
    opened.set()


def _login(account: Account) -> dict[str, Any]:
    user = {
        "name": account.first.user,
        "password": "correct-horse-battery",
        "domain": {"name": account.first.domain},
    }
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}


IPV4 = (["203.0.113.9"] * 9, "203.0.113.10")
IPV6 = ([f"2001:db8::{host}" for host in range(1, 10)], "2001:db8:0:1::1")


@pytest.mark.parametrize("addresses", [IPV4, IPV6])
async def test_one_client_leaves_slots_to_others(
    clients: Clients,
    identity: Identity,
    account: Account,
    gate: threading.Event,
    addresses: tuple[list[str], str],
) -> None:
    mine, others = addresses
    async with clients(identity, trusted_proxies=("127.0.0.0/8",)) as client:

        async def sign_in(address: str) -> httpx.Response:
            headers = {"X-Forwarded-For": address}
            return await client.post("/v3/auth/tokens", json=_login(account), headers=headers)

        waiting = [asyncio.create_task(sign_in(address)) for address in mine]
        try:
            refused, _ = await asyncio.wait(
                waiting, timeout=10, return_when=asyncio.FIRST_COMPLETED
            )
            assert len(refused) == 1
            response = refused.pop().result()
            assert response.status_code == 429
            assert response.headers["retry-after"] == "1"
            other = asyncio.create_task(sign_in(others))
        finally:
            gate.set()
        assert (await other).status_code == 201
        statuses = [(await task).status_code for task in waiting]
        assert sorted(statuses) == [201] * 8 + [429]
        assert (await sign_in(mine[0])).status_code == 201


async def test_a_network_that_failed_too_often_is_refused_without_waiting(
    clients: Clients,
    identity: Identity,
    account: Account,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All threads for sign-ins are busy; other calls are not affected."""
    headers = {"X-Forwarded-For": "203.0.113.9"}
    budget = SignInBudget(IdentityConfig(failures_per_network=1))
    monkeypatch.setattr(identity.sign_in, "check_budget", budget.check)
    with budget.attempt(headers["X-Forwarded-For"]) as attempt:
        attempt.failed = True
    async with clients(identity, trusted_proxies=("127.0.0.0/8",)) as client:
        others = [
            asyncio.create_task(client.post("/v3/auth/tokens", json=_login(account)))
            for _ in range(8)
        ]
        try:
            began = time.monotonic()
            refused = await asyncio.wait_for(
                client.post("/v3/auth/tokens", json=_login(account), headers=headers), 10
            )
            # Refusals are delayed.
            assert time.monotonic() - began >= REFUSAL_S
        finally:
            gate.set()
        assert [(await task).status_code for task in others] == 8 * [201]
    assert refused.status_code == 401
    assert refused.json()["error"] == {
        "code": 401,
        "message": "The account is locked.",
        "title": "Unauthorized",
    }
    assert 1 <= int(refused.headers["retry-after"]) <= 900


async def test_too_many_sign_ins_have_a_retry_after(
    clients: Clients, identity: Identity, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = SignInBudget(IdentityConfig(sign_ins_per_minute=1))
    monkeypatch.setattr(identity.sign_in, "_budget", budget)
    async with clients(identity) as client:
        first = await client.post("/v3/auth/tokens", json=_login(account))
        second = await client.post("/v3/auth/tokens", json=_login(account))
    assert first.status_code == 201
    assert second.status_code == 429
    assert second.json()["error"]["message"] == (
        "The throttling threshold has been reached: "
        "policy user over ratelimit,limit:1,time:1 minute"
    )
    assert 1 <= int(second.headers["retry-after"]) <= 60


async def test_guessed_signatures_that_wait_for_the_database_do_not_delay_tokens(
    clients: Clients, identity: Identity, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong signature waits like this while the database is locked."""
    opened = threading.Event()
    check = identity.signatures.check_headers

    def held(request: SignedRequest, client: str, *, may_write: bool) -> str:
        opened.wait()
        return check(request, client, may_write=may_write)

    monkeypatch.setattr(identity.signatures, "check_headers", held)
    async with clients(identity) as client:
        headers = signed_headers(account)
        waiting = [
            asyncio.create_task(client.post(account.path, headers=headers, content=BODY))
            for _ in range(20)
        ]
        try:
            call = client.post(account.path, headers=account.headers, content=BODY)
            assert (await asyncio.wait_for(call, 10)).status_code == 200
        finally:
            opened.set()
        assert [(await task).status_code for task in waiting] == [200] * 20
