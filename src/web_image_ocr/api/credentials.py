"""From a request's headers to an authenticated caller.

What the caches of identity answer is answered on the event loop. The rest waits in threads, and
those that wait for one thing are not those that wait for another: reads of the store, writes to it,
signatures, reports, password hashes, new passwords.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.bodies import Body, ClientGoneError
from web_image_ocr.api.limits.body_budget import unauthenticated
from web_image_ocr.api.limits.concurrency import ConcurrencyLimit
from web_image_ocr.api.limits.management_rate_limit import REFUSAL_S
from web_image_ocr.api.unfinished import UnfinishedBodies
from web_image_ocr.identity import (
    Authorizer,
    CacheMissError,
    Identity,
    PasswordLogin,
    Principal,
    SignedRequest,
    TokenGrant,
    WriteRequiredError,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

_SIGNATURE_SCHEMES = ("SDK-", "V11-")
"""How the ``Authorization`` of the official SDK's signature algorithms begins."""

_READS = 8
"""Threads that read the store; its answers are mostly cached, so few are busy."""

_WRITES = 8
"""Threads that write to the store: while another process holds its lock they all wait."""

_SIGNATURES = 8
"""Threads that check signatures; they never wait for the store's lock."""

_REPORT_THREADS = 2
"""Threads for reports, which may read the store for half a second each."""

_LOGINS_AT_ONCE = 64
"""Sign-ins under way or waiting, of all networks."""

_LOGINS_OF_ONE_CLIENT = 8
"""As many of them may come from one network, so that one caller leaves places to others."""

_PASSWORD_CHANGES_OF_ONE_USER = 2
"""New passwords that one user may set at once, of any user."""

_ATTEMPTS_TO_SETTLE = 5
"""Times that a password is checked while failures of others have to be counted before."""

_Result = TypeVar("_Result")


class Callers:
    """Proves who is calling.

    Sign-ins and signatures have threads of their own, so that guessing does not keep calls
    with good tokens waiting.

    Args:
        identity: knows accounts, tokens and keys.
        addresses: finds the client's address.
    """

    def __init__(self, identity: Identity, addresses: ClientAddresses) -> None:
        self._identity = identity
        self._addresses = addresses
        self._reads = CapacityLimiter(_READS)
        self._writes = CapacityLimiter(_WRITES)
        self._signatures = CapacityLimiter(_SIGNATURES)
        self._reports = CapacityLimiter(_REPORT_THREADS)
        self._logins = CapacityLimiter(identity.password_threads)
        self._password_changes = CapacityLimiter(identity.password_threads)
        self._signing_in = ConcurrencyLimit(_LOGINS_AT_ONCE, _LOGINS_OF_ONE_CLIENT, "sign-ins")
        self._setting_password = ConcurrencyLimit(
            _LOGINS_AT_ONCE, _PASSWORD_CHANGES_OF_ONE_USER, "password changes"
        )
        self._unfinished = UnfinishedBodies()

    async def judge(self, question: Callable[[Authorizer], _Result]) -> _Result:
        """Return what identity answers about a token: at once if it is cached.

        The question may be asked twice, so it must change nothing.
        """
        try:
            return question(self._identity.cached_authorizer)
        except CacheMissError:
            return await self.ask(lambda identity: question(identity.authorizer))

    async def ask(self, question: Callable[[Identity], _Result]) -> _Result:
        """Return what identity reads; asked in a thread."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._reads)

    async def change(self, question: Callable[[Identity], _Result]) -> _Result:
        """Return what identity answers to a change, which may wait for the store's lock."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._writes)

    async def report(self, question: Callable[[Identity], _Result]) -> _Result:
        """As ``ask``, where much is read for the answer: calls do not wait for it."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._reports)

    async def set_password(
        self, principal: Principal, question: Callable[[Identity], _Result]
    ) -> _Result:
        """Return what identity answers when a new password is hashed and written.

        Raises:
            ServiceError: ``OVERLOADED`` while the caller sets as many as one user may.
        """
        with self._setting_password.slot(principal.user.id):
            return await to_thread.run_sync(
                lambda: question(self._identity), limiter=self._password_changes
            )

    async def log_in(self, request: Request, login: PasswordLogin) -> TokenGrant:
        """A token for a password.

        Raises:
            ServiceError: as ``Identity.log_in``; ``OVERLOADED`` when many wait already, or
                some from this client's network.
        """
        client = self._addresses.of(request.scope)
        async with self._place_to_sign_in(client):
            return await self._settling(
                lambda: to_thread.run_sync(
                    lambda: self._identity.log_in(login, client, may_write=False),
                    limiter=self._logins,
                )
            )

    async def change_password(
        self, request: Request, principal: Principal, current: str, new: str
    ) -> None:
        """Set another password for the caller.

        Raises:
            ServiceError: as ``Identity.change_password``; ``OVERLOADED`` as ``log_in`` and
                ``set_password``.
        """
        client = self._addresses.of(request.scope)

        def change(identity: Identity) -> None:
            identity.change_password(principal, current, new, client, may_write=False)

        async with self._place_to_sign_in(client):
            await self._settling(lambda: self.set_password(principal, change))

    async def _settling(self, check: Callable[[], Awaitable[_Result]]) -> _Result:
        """Return what a check of a password says; what it has to write waits with other changes.

        It is asked again after that, in its turn: not in the thread that writes.
        """
        for _ in range(_ATTEMPTS_TO_SETTLE):
            try:
                return await check()
            except WriteRequiredError as must:
                settle = must.settle
            await to_thread.run_sync(settle, limiter=self._writes)
        raise ServiceError(
            ErrorKind.OVERLOADED, "others fail with this user's password", retry_after=1.0
        )

    @asynccontextmanager
    async def _place_to_sign_in(self, client: str) -> AsyncIterator[None]:
        try:
            self._identity.check_sign_ins(client)  # no thread for what would be refused there
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise
        with self._signing_in.slot(client_network(client)):
            yield

    async def authenticate(self, request: Request, body: Body) -> Principal:
        """Who is calling; with a signature and a token, the signature decides.

        Args:
            request: whose headers carry the credentials.
            body: read only for a signature, which covers it, and only when the headers
                name a key that could have made it.

        Raises:
            ServiceError: ``CREDENTIALS_MISSING``, and what identity raises.
        """
        if request.headers.get("authorization", "").startswith(_SIGNATURE_SCHEMES):
            return await self._authenticate_signature(request, body)
        token = token_of(request)
        return await self.judge(lambda access: access.authenticate_token(token))

    async def _authenticate_signature(self, request: Request, body: Body) -> Principal:
        client = self._addresses.of(request.scope)
        head = _signed_head(request)
        access = await self._signature(partial(self._identity.check_signed_headers, head, client))
        body.hold_as(unauthenticated(client_network(client), access))
        signed = replace(head, body=await self._signed_body(body, access, client))
        check = partial(self._identity.authenticate_signature, signed, client)
        return await self._signature(check)

    async def _signature(self, check: Callable[..., _Result]) -> _Result:
        """Return what a check says; where it has to write, that waits with other changes."""
        try:
            return await to_thread.run_sync(
                lambda: check(may_write=False), limiter=self._signatures
            )
        except WriteRequiredError as must:
            settle = must.settle

        def write_and_check(_: Identity) -> _Result:
            settle()
            return check(may_write=True)

        return await self.change(write_and_check)

    async def _signed_body(self, body: Body, access: str, client: str) -> bytes:
        """Return the body; one that the client withholds counts as a failed attempt."""
        started = time.monotonic()
        try:
            return await body.read()
        except (ClientGoneError, ServiceError) as error:
            took = time.monotonic() - started
            if _is_withheld(error, took) and self._unfinished.counts(
                access, client_network(client), started
            ):
                with suppress(ServiceError):  # a failure that the store does not take is owed
                    await self.change(
                        lambda identity: identity.record_incomplete_body(access, client, took)
                    )
            raise

    async def admit(self, request: Request, body: Body, project_id: str) -> None:
        """Return if the caller may have a picture read for this project.

        Raises:
            ServiceError: as ``authenticate`` and ``Identity.authorize``.
        """
        principal = await self.authenticate(request, body)
        await self.judge(lambda access: access.check_project(principal, project_id))
        # Whatever comes of it, it is a call of this project; strangers are not counted.
        request.state.counted_for = project_id
        await self.judge(lambda access: access.authorize(principal, project_id))


def _is_withheld(error: ClientGoneError | ServiceError, seconds: float) -> bool:
    """Return whether the client is to blame for a body that has not come after so long.

    A body above the limit is, if it did not declare its length and took longer than an honest
    one may stall: it held memory all that time.
    """
    if isinstance(error, ClientGoneError) or error.kind is ErrorKind.DEADLINE_EXCEEDED:
        return True
    return error.kind is ErrorKind.BODY_TOO_LARGE and seconds > bodies.GRACE_S


def token_of(request: Request) -> str:
    """The caller's token.

    Raises:
        ServiceError: ``CREDENTIALS_MISSING``.
    """
    token = request.headers.get("x-auth-token", "")
    if not token:
        raise ServiceError(ErrorKind.CREDENTIALS_MISSING, "neither a token nor a signature")
    return token


def _signed_head(request: Request) -> SignedRequest:
    """The request as it was signed, but for the body, which is still to come."""
    return SignedRequest(
        method=request.method,
        path=request.scope["raw_path"],
        query=request.scope["query_string"],
        headers=tuple(request.scope["headers"]),
        body=b"",
    )
