"""The audit trail of signed calls: failures and locks of keys."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from tests.http.conftest import Account
from tests.http.signing import BODY, signed
from web_image_ocr.primitives import audit


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    monkeypatch.setattr(audit, "_log", structlog.stdlib.get_logger(audit.AUDIT_LOGGER))
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_an_unknown_key_is_a_failed_signature_without_a_target(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    headers = signed(account, secret="wrong")
    known = (account.first.access_key or "").encode()
    headers = {name: value.replace(known, b"INVENTED") for name, value in headers.items()}
    await client.post(account.path, headers=headers, content=BODY)
    (record,) = [record for record in logged if "outcome" in record]
    assert (record["event"], record["outcome"]) == ("signature_failed", "key_unknown")
    assert record["target"] == ""
    assert "INVENTED" not in repr(logged)


async def test_calls_that_are_let_in_are_no_part_of_the_trail(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    await client.post(account.path, headers=account.headers, content=BODY)
    await client.post(account.path, headers=signed(account), content=BODY)
    assert [record for record in logged if "outcome" in record] == []


async def test_wrong_signatures_and_then_the_lock_are_said_of_the_key(
    client: httpx.AsyncClient, account: Account, logged: list[MutableMapping[str, Any]]
) -> None:
    for _ in range(6):
        await client.post(account.path, headers=signed(account, secret="wrong"), content=BODY)
    trail = [record for record in logged if "outcome" in record]
    assert [record["event"] for record in trail] == ["signature_failed"] * 5 + ["key_locked"]
    assert {record["target"] for record in trail} == {account.first.access_key}
    assert {record["client"] for record in trail} == {"127.0.0.1"}
