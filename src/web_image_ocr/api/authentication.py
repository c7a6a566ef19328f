"""Authenticate callers by token or by AK/SK signature, and authorize calls of the service.

Threat: somebody who knows the public half of a key sends signed headers and withholds the body.
Rule: the headers are checked before the body is read. A withheld body is a failed attempt.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from functools import partial

from starlette.requests import Request

from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.identity_gateway import IdentityGateway
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.bodies import Body, ClientGoneError
from web_image_ocr.api.limits.body_budget import unauthenticated
from web_image_ocr.api.middleware import count_for_project
from web_image_ocr.identity import Authorizer, Principal, SignedRequest
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

_SIGNATURE_SCHEMES = ("SDK-", "V11-")
"""Prefixes of ``Authorization`` for the official SDK's signature algorithms."""

_MAX_INCOMPLETE = 10_000
"""Keys and networks that are remembered; the one counted longest ago is dropped first."""


class Authenticator:
    """Authenticate callers."""

    def __init__(self, gateway: IdentityGateway, addresses: ClientAddresses) -> None:
        self._gateway = gateway
        self._addresses = addresses
        self._incomplete = IncompleteBodies()

    async def authenticate(self, request: Request, body: Body) -> Principal:
        """Return the caller; a signature takes precedence over a token.

        Args:
            request: with the credentials in its headers.
            body: read only for a signature, once the headers are valid.

        Raises:
            ServiceError: ``CREDENTIALS_MISSING``, and as ``Authorizer.authenticate_token`` and
                ``SignatureAuthenticator.authenticate``.
        """
        if request.headers.get("authorization", "").startswith(_SIGNATURE_SCHEMES):
            return await self._authenticate_signature(request, body)
        return await self._gateway.check(Authorizer.authenticate_token, token_of(request))

    async def authorize(self, request: Request, body: Body, project_id: str) -> None:
        """Return if the caller may call the service for this project.

        Raises:
            ServiceError: as ``authenticate`` and ``Authorizer.authorize``.
        """
        principal = await self.authenticate(request, body)
        await self._gateway.check(Authorizer.check_project, principal, project_id)
        # Refused calls of the project count too, calls of other accounts do not.
        count_for_project(request.scope, project_id)
        await self._gateway.check(Authorizer.check_may_call, principal, project_id)

    async def _authenticate_signature(self, request: Request, body: Body) -> Principal:
        client = self._addresses.of(request.scope)
        head = _signed_head(request)
        identity = self._gateway.identity
        access = await self._gateway.check_signature(
            partial(identity.signatures.check_headers, head, client)
        )
        body.hold_as(unauthenticated(client_network(client), access))
        signed = replace(head, body=await self._read_signed(body, access, client))
        return await self._gateway.check_signature(
            partial(identity.signatures.authenticate, signed, client)
        )

    async def _read_signed(self, body: Body, access: str, client: str) -> bytes:
        """Return the body; count it as a failed attempt if the client withholds it."""
        started = time.monotonic()
        try:
            return await body.read()
        except (ClientGoneError, ServiceError) as error:
            took = time.monotonic() - started
            if _is_withheld(error, took) and self._incomplete.counts(
                access, client_network(client), started
            ):
                record = self._gateway.identity.signatures.record_incomplete_body
                with suppress(ServiceError):  # identity keeps what the database does not take
                    await self._gateway.write(record, access, client, took)
            raise


class IncompleteBodies:
    """Count signed bodies that were under way at the same time once.

    Threat: somebody who knows the public half of a key breaks off thousands of bodies at once, and
    each of them is written to the database.
    Rule: bodies that began before the last one was counted do not count. Used from one event loop.

    ``Lockout.record_failure(since=…)`` enforces the same rule for all servers and across restarts,
    but at the price of a write transaction. This class keeps most bodies away from the database.
    """

    def __init__(self) -> None:
        self._counted: OrderedDict[tuple[str, str], float] = OrderedDict()

    def counts(self, access: str, network: str, started: float) -> bool:
        """Return whether an incomplete body counts, and remember it.

        Args:
            access: public half of the key.
            network: of the client.
            started: start of the body, ``time.monotonic`` seconds.
        """
        holder = access, network
        if self._counted.get(holder, -1.0) >= started:
            return False
        self._counted.pop(holder, None)
        self._counted[holder] = time.monotonic()
        if len(self._counted) > _MAX_INCOMPLETE:
            self._counted.popitem(last=False)
        return True


def token_of(request: Request) -> str:
    """Return the caller's token; raise ``CREDENTIALS_MISSING`` without one."""
    token = request.headers.get("x-auth-token", "")
    if not token:
        raise ServiceError(ErrorKind.CREDENTIALS_MISSING, "neither a token nor a signature")
    return token


def _is_withheld(error: ClientGoneError | ServiceError, seconds: float) -> bool:
    """Return whether the client is responsible for an incomplete body.

    A body above the limit counts if its length was not declared and it took longer than the
    grace: it held memory all that time.
    """
    if isinstance(error, ClientGoneError) or error.kind is ErrorKind.DEADLINE_EXCEEDED:
        return True
    return error.kind is ErrorKind.BODY_TOO_LARGE and seconds > bodies.GRACE_S


def _signed_head(request: Request) -> SignedRequest:
    """Return the signed request with an empty body."""
    return SignedRequest(
        method=request.method,
        path=request.scope["raw_path"],
        query=request.scope["query_string"],
        headers=tuple(request.scope["headers"]),
        body=b"",
    )
