"""Limit the rate of the identity and management API by user and by client network.

Threat: somebody keeps the event loop, the database or the token check busy, with or without valid
credentials.
Rule: a call counts for its user if the caller is authenticated, else for the client network. At
the limit, a network is refused before a signature is checked or a body is read. A token is still
checked, which needs neither, so that authenticated users of that network go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request

from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.limits.rate_limit import RateLimit
from web_image_ocr.identity import Principal
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

REFUSAL_S: Final = 1.0
"""Delay of a refusal, seconds: it costs CPU time as well, and so a client that calls again at once
is limited by its number of connections."""

_SERVER_FAILURES = frozenset(
    {ErrorKind.DATABASE_UNAVAILABLE, ErrorKind.OVERLOADED, ErrorKind.INTERNAL}
)
"""Kinds of errors that do not count against the client network."""


class ManagementRateLimit:
    """Limit the rate of calls by user and by client network."""

    def __init__(self, rate_limit: RateLimit, addresses: ClientAddresses) -> None:
        self._rate_limit = rate_limit
        self._addresses = addresses

    async def authenticate(
        self,
        request: Request,
        authentication: Callable[[], Awaitable[Principal]],
        *,
        counted_user_id: str = "",
    ) -> Principal:
        """Return the caller; count the call for the user, or for the network if that fails.

        Args:
            request: as received.
            authentication: authenticates the caller.
            counted_user_id: the user for whom this call has been counted before.

        Raises:
            ServiceError: as ``authentication``; ``RATE_LIMITED``.
        """
        if "authorization" in request.headers or "x-auth-token" not in request.headers:
            await self._refuse_if_full(self._network(request))
        try:
            principal = await authentication()
        except ServiceError as error:
            if error.kind not in _SERVER_FAILURES:
                await self.count_network(request)
            raise
        if principal.user.id != counted_user_id:
            await self.count_user(principal)
        return principal

    async def count_user(self, principal: Principal) -> None:
        """Count a call for its user; raise ``RATE_LIMITED`` at the limit."""
        await self._hit(f"user:{principal.user.id}")

    async def count_network(self, request: Request) -> None:
        """Count a call for its client network; raise ``RATE_LIMITED`` at the limit."""
        await self._hit(self._network(request))

    async def _refuse_if_full(self, key: str) -> None:
        try:
            self._rate_limit.check(key)
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise

    async def _hit(self, key: str) -> None:
        await self._refuse_if_full(key)
        try:
            await self._rate_limit.hit(key)
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise

    def _network(self, request: Request) -> str:
        return f"network:{client_network(self._addresses.of(request.scope))}"
