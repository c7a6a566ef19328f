"""From a request's headers to an authenticated caller.

What the caches of identity answer is answered on the event loop. The rest waits in threads, and
those that wait for one thing are not those that wait for another: reads of the store, writes to it,
signatures, reports, password hashes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from web_image_ocr.api.bodies import Body, ClientGoneError
from web_image_ocr.api.body_budget import unauthenticated
from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.management_limits import REFUSAL_S
from web_image_ocr.api.unfinished import UnfinishedBodies
from web_image_ocr.identity import (
    Access,
    Identity,
    MustWriteError,
    NotCachedError,
    PasswordLogin,
    Principal,
    SignedRequest,
    TokenGrant,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import network_of

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
        # One more than there are hashes: it asks the store meanwhile.
        self._logins = CapacityLimiter(identity.password_hashes_at_once + 1)
        self._signing_in: Counter[str] = Counter()
        self._unfinished = UnfinishedBodies()

    async def judge(self, question: Callable[[Access], _Result]) -> _Result:
        """Return what identity answers about a token: at once if it is cached.

        The question may be asked twice, so it must change nothing.
        """
        try:
            return question(self._identity.cached_access)
        except NotCachedError:
            return await self.ask(lambda identity: question(identity.access))

    async def ask(self, question: Callable[[Identity], _Result]) -> _Result:
        """Return what identity reads; asked in a thread."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._reads)

    async def change(self, question: Callable[[Identity], _Result]) -> _Result:
        """Return what identity answers to a change, which may wait for the store's lock."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._writes)

    async def report(self, question: Callable[[Identity], _Result]) -> _Result:
        """As ``ask``, where much is read for the answer: calls do not wait for it."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._reports)

    async def ask_slowly(self, question: Callable[[Identity], _Result]) -> _Result:
        """As ``ask``, where a password hash is computed for the answer."""
        return await to_thread.run_sync(lambda: question(self._identity), limiter=self._logins)

    async def log_in(self, request: Request, login: PasswordLogin) -> TokenGrant:
        """A token for a password.

        Raises:
            ServiceError: as ``Identity.log_in``; ``OVERLOADED`` when many wait already, or
                some from this client's network.
        """
        client = self._addresses.of(request.scope)
        async with self._place_to_sign_in(client):
            return await self.ask_slowly(lambda identity: identity.log_in(login, client))

    async def change_password(
        self, request: Request, principal: Principal, current: str, new: str
    ) -> None:
        """Another password for the caller.

        Raises:
            ServiceError: as ``Identity.change_password``; ``OVERLOADED`` as ``log_in``.
        """
        client = self._addresses.of(request.scope)
        async with self._place_to_sign_in(client):
            await self.ask_slowly(
                lambda identity: identity.change_password(principal, current, new, client)
            )

    @asynccontextmanager
    async def _place_to_sign_in(self, client: str) -> AsyncIterator[None]:
        try:
            self._identity.check_sign_ins(client)  # no thread for what would be refused there
        except ServiceError:
            await asyncio.sleep(REFUSAL_S)
            raise
        network = network_of(client)
        if self._signing_in.total() >= _LOGINS_AT_ONCE:
            raise ServiceError(ErrorKind.OVERLOADED, "too many sign-ins wait", retry_after=3.0)
        if self._signing_in[network] >= _LOGINS_OF_ONE_CLIENT:
            raise ServiceError(
                ErrorKind.OVERLOADED, "too many sign-ins of one client wait", retry_after=1.0
            )
        self._signing_in[network] += 1
        try:
            yield
        finally:
            self._signing_in[network] -= 1
            self._signing_in += Counter()  # drops the networks with none left

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
        body.hold_as(unauthenticated(network_of(client), access))
        signed = replace(head, body=await self._signed_body(body, access, client))
        check = partial(self._identity.authenticate_signature, signed, client)
        return await self._signature(check)

    async def _signature(self, check: Callable[..., _Result]) -> _Result:
        """Return what a check says; where it has to write, that waits with other changes."""
        try:
            return await to_thread.run_sync(
                lambda: check(may_write=False), limiter=self._signatures
            )
        except MustWriteError as must:
            settle = must.settle

        def write_and_check(_: Identity) -> _Result:
            settle()
            return check(may_write=True)

        return await self.change(write_and_check)

    async def _signed_body(self, body: Body, access: str, client: str) -> bytes:
        """Return the body; one that the client does not finish counts as a failed attempt."""
        started = time.monotonic()
        try:
            return await body.read()
        except (ClientGoneError, ServiceError) as error:
            is_refused = isinstance(error, ServiceError) and (
                error.kind is not ErrorKind.DEADLINE_EXCEEDED
            )
            if not is_refused and self._unfinished.counts(access, network_of(client), started):
                took = time.monotonic() - started
                with suppress(ServiceError):  # a failure that the store does not take is owed
                    await self.change(
                        lambda identity: identity.record_unfinished_body(access, client, took)
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
