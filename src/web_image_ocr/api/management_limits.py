"""Bound the calls of the identity and management API by user and by client network.

Threat: somebody keeps the event loop, the store or the token check busy, with or without good
credentials.
Rule: a call is counted for its user once the caller is authenticated, else for its client
network. A network that has used up its calls is refused before a signature is checked or a body
is read; a token is checked all the same, which needs neither, so that users of that network go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request

from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.throttle import Throttle
from web_image_ocr.identity import Principal
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

REFUSAL_S: Final = 1.0
"""Seconds until a refused caller gets its answer: a refusal costs processor time as well, and a
client that calls again at once is slowed down to its number of connections."""

_OWN_TROUBLES = frozenset({ErrorKind.STORE_UNAVAILABLE, ErrorKind.OVERLOADED, ErrorKind.INTERNAL})
"""Failures of the server, which count for nobody."""


class ManagementLimits:
    """Count calls by user and by client network.

    Args:
        throttle: the windows.
        addresses: finds the client's address.
    """

    def __init__(self, throttle: Throttle, addresses: ClientAddresses) -> None:
        self._throttle = throttle
        self._addresses = addresses

    async def authenticate(
        self,
        request: Request,
        proof: Callable[[], Awaitable[Principal]],
        *,
        counted: str = "",
    ) -> Principal:
        """Return the caller; count the call for the user, or for the network if there is none.

        Args:
            request: as received.
            proof: authenticates the caller.
            counted: id of the user whom this call was counted for before; not counted again.

        Raises:
            ServiceError: as ``proof``; ``RATE_LIMITED``.
        """
        if "authorization" in request.headers or "x-auth-token" not in request.headers:
            await self._refuse_if_full(self._network(request))
        try:
            principal = await proof()
        except ServiceError as error:
            if error.kind not in _OWN_TROUBLES:
                await self.count_network(request)
            raise
        if principal.user.id != counted:
            await self.count_user(principal)
        return principal

    async def count_user(self, principal: Principal) -> None:
        """Count a call for its user.

        Raises:
            ServiceError: ``RATE_LIMITED``.
        """
        await self._hit(f"user:{principal.user.id}")

    async def count_network(self, request: Request) -> None:
        """Count a call for its client network.

        Raises:
            ServiceError: ``RATE_LIMITED``.
        """
        await self._hit(self._network(request))

    async def _refuse_if_full(self, key: str) -> None:
        try:
            self._throttle.check(key)
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise

    async def _hit(self, key: str) -> None:
        await self._refuse_if_full(key)
        try:
            await self._throttle.hit(key)
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise

    def _network(self, request: Request) -> str:
        return f"network:{client_network(self._addresses.of(request.scope))}"
