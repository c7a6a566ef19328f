"""Only writes wait while another process holds the database's write lock."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio import to_thread

from tests.http.conftest import Account, Clients, account_of
from tests.http.signing import BODY, signed_headers
from web_image_ocr.identity import Identity, IdentityConfig

pytestmark = pytest.mark.slow  # waits for locks

WRITES = 16
LIMIT_S = 20.0
"""Far above the time of a call on a busy machine, far below the wait of a write here."""
STORE_WAIT_S = 100.0


@pytest.fixture(params=[5.0, 0.0], ids=["cached", "read each time"])
def blocked_identity(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Identity]:
    config = IdentityConfig(store_wait_seconds=STORE_WAIT_S, cache_seconds=request.param)
    opened = Identity(config, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def owner(blocked_identity: Identity) -> Account:
    return account_of(blocked_identity)


@pytest.fixture
async def client(clients: Clients, blocked_identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    async with clients(blocked_identity) as made:
        yield made


@contextmanager
def _locked(path: Path) -> Iterator[Callable[[], None]]:
    """Hold the write lock until the context ends or the lock is released."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other.rollback


def _writes(client: httpx.AsyncClient, owner: Account) -> list[asyncio.Task[httpx.Response]]:
    calls = [
        client.post("/v1/projects", headers=owner.headers, json={"name": f"made-{number}"})
        for number in range(WRITES)
    ]
    return [asyncio.ensure_future(call) for call in calls]


def _refuse_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a thread was asked")

    monkeypatch.setattr(to_thread, "run_sync", refuse)


async def _statuses(client: httpx.AsyncClient, owner: Account) -> dict[str, int]:
    """Return the statuses of calls that change nothing, in order."""
    both = {**owner.headers, "X-Subject-Token": owner.token}
    answers = {
        "call": await client.post(owner.path, headers=owner.headers, content=BODY),
        "token check": await client.get("/v3/auth/tokens", headers=both),
        "who am I": await client.get("/v1/me", headers=owner.headers),
        "projects": await client.get("/v3/projects", headers=owner.headers),
        "users": await client.get("/v1/users", headers=owner.headers),
        "signed call": await client.post(owner.path, headers=signed_headers(owner), content=BODY),
        "refused sign-out": await client.delete(
            "/v3/auth/tokens", headers={**both, "X-Auth-Token": "garbage"}
        ),
        "ready": await client.get("/readyz"),
    }
    return {name: answer.status_code for name, answer in answers.items()}


async def test_calls_that_change_nothing_do_not_wait(
    client: httpx.AsyncClient, owner: Account, tmp_path: Path
) -> None:
    statuses = await _statuses(client, owner)
    assert statuses == {**dict.fromkeys(statuses, 200), "refused sign-out": 401}
    with _locked(tmp_path / "web-image-ocr.db") as release:
        writes = _writes(client, owner)
        await asyncio.sleep(0.2)  # until they occupy all threads of their pool
        async with asyncio.timeout(LIMIT_S):
            assert await _statuses(client, owner) == statuses
        assert not any(write.done() for write in writes)
        release()
        made = await asyncio.gather(*writes)
    assert [answer.status_code for answer in made] == [201] * WRITES


async def test_wrong_signatures_that_wait_for_the_lock_do_not_delay_valid_ones(
    clients: Clients, blocked_identity: Identity, owner: Account, tmp_path: Path
) -> None:
    """A caller who has failed is not accepted before the failure is counted."""
    wrong, right = signed_headers(owner, secret="another"), signed_headers(owner)
    async with (
        clients(blocked_identity, peer="192.0.2.1") as guesser,
        clients(blocked_identity, peer="192.0.2.2") as honest,
    ):
        with _locked(tmp_path / "web-image-ocr.db") as release:
            guesses = [
                asyncio.ensure_future(guesser.post(owner.path, headers=headers, content=BODY))
                for headers in [wrong] * 2
            ]
            await asyncio.sleep(0.5)
            tries = [
                asyncio.ensure_future(guesser.post(owner.path, headers=right, content=BODY))
                for _ in range(WRITES)
            ]
            await asyncio.sleep(0.5)
            async with asyncio.timeout(LIMIT_S):
                for _ in range(3):
                    let_in = await honest.post(owner.path, headers=right, content=BODY)
                    assert let_in.status_code == 200
            assert not any(task.done() for task in (*guesses, *tries))
            release()
            refused = await asyncio.gather(*guesses)
            tried = await asyncio.gather(*tries)
    assert [answer.status_code for answer in refused] == [401] * 2
    # Two failures were counted, not one for each waiting call.
    assert [answer.status_code for answer in tried] == [200] * WRITES


def _sign_in(owner: Account, password: str) -> dict[str, Any]:
    user = {
        "name": owner.first.user,
        "password": password,
        "domain": {"name": owner.first.domain},
    }
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}


async def test_wrong_passwords_that_wait_for_the_lock_do_not_delay_valid_ones(
    clients: Clients, blocked_identity: Identity, owner: Account, tmp_path: Path
) -> None:
    right = _sign_in(owner, "correct-horse-battery")
    changed = {"current_password": "wrong", "new_password": "another horse battery"}
    async with (
        clients(blocked_identity, peer="192.0.2.1") as guesser,
        clients(blocked_identity, peer="192.0.2.2") as honest,
    ):
        with _locked(tmp_path / "web-image-ocr.db") as release:
            guesses = [
                asyncio.ensure_future(
                    guesser.post("/v3/auth/tokens", json=_sign_in(owner, "wrong"))
                ),
                asyncio.ensure_future(
                    guesser.post("/v1/me/password", json=changed, headers=owner.headers)
                ),
            ]
            await asyncio.sleep(0.5)
            tries = [
                asyncio.ensure_future(guesser.post("/v3/auth/tokens", json=right)) for _ in range(4)
            ]
            async with asyncio.timeout(LIMIT_S):
                for _ in range(3):
                    signed_in = await honest.post("/v3/auth/tokens", json=right)
                    assert signed_in.status_code == 201
            assert not any(task.done() for task in (*guesses, *tries))
            release()
            refused = await asyncio.gather(*guesses)
            tried = await asyncio.gather(*tries)
    assert [answer.status_code for answer in refused] == [401, 401]
    assert [answer.status_code for answer in tried] == [201] * 4


def _new_user(number: int) -> dict[str, Any]:
    return {"name": f"made-{number}", "role": "caller"}


async def test_new_passwords_that_wait_for_the_lock_do_not_delay_sign_ins(
    client: httpx.AsyncClient, owner: Account, tmp_path: Path
) -> None:
    with _locked(tmp_path / "web-image-ocr.db") as release:
        made = [
            asyncio.ensure_future(
                client.post("/v1/users", headers=owner.headers, json=_new_user(number))
            )
            for number in range(2)
        ]
        await asyncio.sleep(0.5)
        async with asyncio.timeout(LIMIT_S):
            right = _sign_in(owner, "correct-horse-battery")
            assert (await client.post("/v3/auth/tokens", json=right)).status_code == 201
            # The concurrency limit of one user.
            third = await client.post("/v1/users", headers=owner.headers, json=_new_user(3))
            assert (third.status_code, third.headers["retry-after"]) == (429, "1")
        assert not any(task.done() for task in made)
        release()
        assert [answer.status_code for answer in await asyncio.gather(*made)] == [201, 201]


@pytest.mark.parametrize("blocked_identity", [5.0], indirect=True)
async def test_a_cached_token_uses_no_thread(
    client: httpx.AsyncClient, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {**owner.headers, "X-Subject-Token": owner.token}

    async def ask() -> list[int]:
        answers = [
            await client.post(owner.path, headers=owner.headers, content=BODY),
            await client.get("/v3/auth/tokens", headers=both),
            await client.get("/v1/me", headers=owner.headers),
            await client.post(owner.path, headers={"X-Auth-Token": "garbage"}, content=BODY),
        ]
        return [answer.status_code for answer in answers]

    expected = [200, 200, 200, 401]
    assert await ask() == expected
    _refuse_threads(monkeypatch)
    assert await ask() == expected
