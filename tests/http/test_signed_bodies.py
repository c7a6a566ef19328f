"""Slowloris with the public half of a key: withheld bodies do not affect other callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count

import httpx
import pytest
from fastapi import FastAPI

from tests.http.conftest import Account
from tests.http.live_server import serve
from tests.http.signing import BODY, signed_headers
from tests.soak.attacks.signed_bodies import attack
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.body_budget import BodyBudget
from web_image_ocr.identity import Identity, SignedRequest
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

pytestmark = pytest.mark.slow

KB = 1024
HONEST = "127.0.0.2"
_free = count(3)


@dataclass(frozen=True)
class Server:
    url: str
    budget: BodyBudget


@pytest.fixture
def server(identity: Identity, recognizer: FakeRecognizer) -> Iterator[Server]:
    """Yield a server that holds eight bodies of unauthenticated callers."""
    app: FastAPI = create_app(
        Dependencies(recognizer=recognizer, fetcher=FakeImageSource(), identity=identity),
        ApiConfig(max_body_bytes=64 * KB, max_bodies_bytes=1024 * KB, drain_s=0.2),
    )
    with serve(app) as url:
        yield Server(url, app.state.shared.budget)


@pytest.fixture
def attacker() -> str:
    """Return an address that no other test has locked."""
    return f"127.0.0.{next(_free)}"


@asynccontextmanager
async def attacked(
    server: Server,
    account: Account,
    source: str,
    *,
    body_bytes: int = 64 * KB,
    held: int = 100 * KB,
) -> AsyncIterator[None]:
    """Run the attack until the end of the block; enter it once the attack holds these bytes."""
    key = str(account.first.access_key)
    attacking = asyncio.create_task(
        attack(server.url, key, seconds=60, source=source, body_bytes=body_bytes)
    )
    try:
        await until(lambda: server.budget.unauthenticated_left <= 512 * KB - held)
        yield
    finally:
        attacking.cancel()
        await asyncio.gather(attacking, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.02)


async def statuses(
    server: Server, account: Account, source: str, calls: int, *, size: int = 64 * KB
) -> set[int]:
    """Return the statuses of signed calls with a body of this size, one after the other."""
    body = BODY + b" " * (size - len(BODY))
    transport = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(transport=transport, base_url=server.url, timeout=30) as client:
        found = set()
        for _ in range(calls):
            answer = await client.post(
                account.path, headers=signed_headers(account, body=body), content=body
            )
            found.add(answer.status_code)
        return found


async def test_signed_calls_from_elsewhere_go_on(
    server: Server, account: Account, attacker: str
) -> None:
    async with attacked(server, account, attacker):
        assert await statuses(server, account, HONEST, 20) == {200}
        # Several at once too: the share fits more than one largest body.
        calls = (statuses(server, account, HONEST, 3, size=50 * KB) for _ in range(2))
        several = await asyncio.gather(*calls)
        assert several == [{200}, {200}]
    await until(lambda: server.budget.holders == 0)
    assert (server.budget.left, server.budget.unauthenticated_left) == (1024 * KB, 512 * KB)


async def test_another_key_from_the_same_network_goes_on(
    server: Server, account: Account, identity: Identity, attacker: str
) -> None:
    administration = identity.administration.without_quotas()
    key = administration.create_key(str(account.first.user))
    first = replace(account.first, access_key=key.access, secret_key=key.secret)
    async with attacked(server, account, attacker):
        assert await statuses(server, replace(account, first=first), attacker, 10) == {200}


async def test_only_the_attacker_is_locked_out(
    server: Server,
    account: Account,
    identity: Identity,
    attacker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.2)
    head = SignedRequest(
        method="POST",
        path=account.path.encode(),
        query=b"",
        headers=tuple(signed_headers(account).items()),
        body=b"",
    )

    def is_locked() -> bool:
        try:
            identity.signatures.check_headers(head, attacker)
        except ServiceError as error:
            return error.kind is ErrorKind.KEY_LOCKED
        return False

    async with attacked(server, account, attacker):
        await until(is_locked)
        await until(lambda: server.budget.holders == 0)
        assert await statuses(server, account, attacker, 1) == {401}
        assert await statuses(server, account, HONEST, 3) == {200}


async def test_bodies_aborted_together_count_once(
    server: Server,
    account: Account,
    identity: Identity,
    attacker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded: list[tuple[str, str]] = []

    def record(access: str, client: str, seconds: float) -> None:
        assert seconds > 0
        recorded.append((access, client))

    monkeypatch.setattr(identity.signatures, "record_incomplete_body", record)
    for crowd in range(1, 3):
        # At this size all twelve have begun; they are aborted together.
        async with attacked(server, account, attacker, body_bytes=8 * KB, held=12 * (8 * KB - 16)):
            pass
        await until(lambda: server.budget.holders == 0)
        assert recorded == [(account.first.access_key, attacker)] * crowd


async def test_a_client_that_is_too_slow_is_answered_and_its_connection_closed(
    server: Server, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.2)
    address = httpx.URL(server.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        lines = [f"POST {account.path} HTTP/1.1", "Host: localhost", "Content-Length: 60000"]
        lines += [f"{name}: {value}" for name, value in account.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + b" " * 1000)
        async with asyncio.timeout(30):
            answer = await reader.read()  # to the end of the connection
    finally:
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b"ModelArts.4402" in answer
    assert server.budget.holders == 0
