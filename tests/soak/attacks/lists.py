"""Create access keys and request long lists repeatedly, as an authenticated caller."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx

_LOOPS = 4
_ANSWER_S = 60.0
_LISTS = ("/v1/keys?limit=1000", "/v1/projects?limit=1000", "/v1/users?limit=1000", "/v3/projects")


async def attack(url: str, token: str, *, seconds: float) -> None:
    """Call without pauses; ignore errors of the server.

    Args:
        url: URL of the server.
        token: Token of the caller.
        seconds: Duration.
    """
    headers = {"X-Auth-Token": token}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_ANSWER_S) as client:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(_LOOPS):
                    group.create_task(_call(client))


async def _call(client: httpx.AsyncClient) -> None:
    while True:
        with suppress(httpx.HTTPError):
            await client.post("/v1/keys", json={})
        for path in _LISTS:
            with suppress(httpx.HTTPError):
                await client.get(path)
