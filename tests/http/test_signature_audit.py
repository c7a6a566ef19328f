"""The audit trail of signed calls: failures and locks of keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
import structlog

from tests.http.conftest import Account, Clients
from tests.http.signing import BODY, signed_headers
from web_image_ocr.api.limits import bodies
from web_image_ocr.identity import Identity
from web_image_ocr.primitives import audit


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    monkeypatch.setattr(audit, "_log", structlog.stdlib.get_logger(audit.AUDIT_LOGGER))
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def account(account: Account, identity: Identity) -> Account:
    """Return the account with a key for these tests only, which they may lock."""
    key = identity.administration.without_quotas().create_key(account.first.user or "")
    first = replace(account.first, access_key=key.access, secret_key=key.secret)
    return replace(account, first=first)


@pytest.fixture
async def client(clients: Clients, identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    async with clients(identity, peer="192.0.2.77") as client:
        yield client


async def test_an_unknown_key_is_a_failed_signature_without_a_target(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    headers = signed_headers(account, secret="wrong")
    known = (account.first.access_key or "").encode()
    headers = {name: value.replace(known, b"INVENTED") for name, value in headers.items()}
    await client.post(account.path, headers=headers, content=BODY)
    (record,) = [record for record in logged if "outcome" in record]
    assert (record["event"], record["outcome"]) == ("signature_failed", "key_unknown")
    assert record["target"] == ""
    assert "INVENTED" not in repr(logged)


async def test_accepted_calls_are_not_recorded(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    await client.post(account.path, headers=account.headers, content=BODY)
    await client.post(account.path, headers=signed_headers(account), content=BODY)
    assert [record for record in logged if "outcome" in record] == []


async def test_wrong_signatures_and_then_the_lockout_are_recorded_for_the_key(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    for _ in range(6):
        await client.post(
            account.path, headers=signed_headers(account, secret="wrong"), content=BODY
        )
    trail = [record for record in logged if "outcome" in record]
    assert [record["event"] for record in trail] == ["signature_failed"] * 5 + ["key_locked"]
    assert {record["target"] for record in trail} == {account.first.access_key}
    assert {record["client"] for record in trail} == {"192.0.2.77"}


async def test_withheld_bodies_are_recorded_for_the_key_before_the_lockout(
    client: httpx.AsyncClient,
    account: Account,
    logged: list[MutableMapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.05)

    async def withheld() -> AsyncIterator[bytes]:
        yield BODY[:10]
        await asyncio.sleep(60)

    for _ in range(5):
        await client.post(account.path, headers=signed_headers(account), content=withheld())
    trail = [record for record in logged if "outcome" in record]
    assert {record["event"] for record in trail} == {"signature_failed"}
    assert [record["outcome"] for record in trail] == ["body_unfinished"] * 5
    assert {record["target"] for record in trail} == {account.first.access_key}
    assert {record["client"] for record in trail} == {"192.0.2.77"}
    await client.post(account.path, headers=signed_headers(account), content=BODY)
    assert [record["event"] for record in logged if "outcome" in record][5:] == ["key_locked"]
