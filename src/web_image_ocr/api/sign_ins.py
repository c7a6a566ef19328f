"""Sign users in and change passwords, under concurrency limits.

Threat: password guessing keeps all hashing threads busy.
Rule: sign-ins under way are limited in total and for each client network, new passwords for each
user. A check that must write waits in the write pool and then runs again in its own pool.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from starlette.requests import Request

from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.identity_gateway import IdentityGateway
from web_image_ocr.api.limits.concurrency import ConcurrencyLimit
from web_image_ocr.api.limits.management_rate_limit import REFUSAL_S
from web_image_ocr.identity import PasswordLogin, Principal, TokenGrant, WriteRequiredError
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

_Result = TypeVar("_Result")

_MAX_SIGN_INS = 64
"""Sign-ins under way or waiting, of all networks."""

_MAX_SIGN_INS_PER_NETWORK = 8
"""Sign-ins of one network, so that one client leaves slots to others."""

_MAX_PASSWORD_CHANGES_PER_USER = 2
"""New passwords that one caller may set at once, for any user."""

_MAX_ATTEMPTS = 5
"""Runs of a password check that has to write failures of others first."""


class SignIns:
    """Check and change passwords."""

    def __init__(self, gateway: IdentityGateway, addresses: ClientAddresses) -> None:
        self._gateway = gateway
        self._identity = gateway.identity
        self._addresses = addresses
        self._sign_ins = ConcurrencyLimit(_MAX_SIGN_INS, _MAX_SIGN_INS_PER_NETWORK, "sign-ins")
        self._password_changes = ConcurrencyLimit(
            _MAX_SIGN_INS, _MAX_PASSWORD_CHANGES_PER_USER, "password changes"
        )

    async def log_in(self, request: Request, login: PasswordLogin) -> TokenGrant:
        """Return a token for a password.

        Raises:
            ServiceError: as ``SignIn.log_in``; ``OVERLOADED`` at a concurrency limit.
        """
        client = self._addresses.of(request.scope)
        check = partial(self._identity.sign_in.log_in, login, client, may_write=False)
        async with self._slot(client):
            return await self._retry_after_write(lambda: self._gateway.log_in(check))

    async def change_password(
        self, request: Request, principal: Principal, current: str, new: str
    ) -> None:
        """Set another password for the caller.

        Raises:
            ServiceError: as ``Identity.change_password``; ``OVERLOADED`` at a concurrency limit.
        """
        client = self._addresses.of(request.scope)
        change = partial(
            self._identity.change_password, principal, current, new, client, may_write=False
        )
        async with self._slot(client):
            await self._retry_after_write(lambda: self.set_password(principal, change))

    async def set_password(self, principal: Principal, change: Callable[[], _Result]) -> _Result:
        """Return the result of a function that hashes and writes a new password.

        Raises:
            ServiceError: ``OVERLOADED`` if the caller sets too many at once.
        """
        with self._password_changes.slot(principal.user.id):
            return await self._gateway.set_password(change)

    async def _retry_after_write(self, check: Callable[[], Awaitable[_Result]]) -> _Result:
        for _ in range(_MAX_ATTEMPTS):
            try:
                return await check()
            except WriteRequiredError as error:
                settle = error.settle
            await self._gateway.write(settle)
        raise ServiceError(
            ErrorKind.OVERLOADED, "others fail with this user's password", retry_after=1.0
        )

    @asynccontextmanager
    async def _slot(self, client: str) -> AsyncIterator[None]:
        try:
            self._identity.sign_in.check_budget(client)  # refused here, it takes no thread
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise
        with self._sign_ins.slot(client_network(client)):
            yield
