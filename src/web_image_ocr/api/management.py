"""What all calls of the management API have in common: who calls, what was sent, what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.requests import Request

from web_image_ocr.api.credentials import Callers
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import authenticated
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.state import state_of
from web_image_ocr.api.wire.codec import Wire, parse_json, validate
from web_image_ocr.identity import (
    Administration,
    Authorizer,
    Identity,
    Principal,
    SelfService,
    UsageReport,
    Window,
)
from web_image_ocr.primitives.audit import set_actor, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_Result = TypeVar("_Result")
_Model = TypeVar("_Model", bound=Wire)

_READING = frozenset({"GET", "HEAD"})
"""Methods of calls that change nothing."""

_TOLD = {
    ErrorKind.IDENTITY_REQUEST_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.MANAGEMENT_REQUEST_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.JSON_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.RECORD_CONFLICT: ErrorKind.RECORD_CONFLICT,
    ErrorKind.QUOTA_EXCEEDED: ErrorKind.QUOTA_EXCEEDED,
}
"""Failures whose reason the caller is told, and what they are called here."""


class ManagementCall:
    """One call whose caller is proved.

    Attributes:
        principal: the caller; role and state are those of the store.

    Args:
        request: as received.
        callers: proves callers and asks identity.
        body: of the request.
        principal: the caller.
    """

    def __init__(
        self, request: Request, callers: Callers, body: Body, principal: Principal
    ) -> None:
        self.principal = principal
        self._request = request
        self._callers = callers
        self._body = body

    async def read(self, model: type[_Model]) -> _Model:
        """The body.

        Raises:
            ServiceError: ``MANAGEMENT_REQUEST_INVALID``.
        """
        value = parse_json(await self._body.read())
        return validate(model, value, ErrorKind.MANAGEMENT_REQUEST_INVALID)

    async def self_service(self, question: Callable[[SelfService], _Result]) -> _Result:
        """What the caller's own account answers."""
        return await self._ask(lambda identity: question(identity.self_service(self.principal)))

    async def administration(self, question: Callable[[Administration], _Result]) -> _Result:
        """What the account answers to an administrator; no question that hashes a password."""
        return await self._ask(
            lambda identity: question(identity.administration_for(self.principal))
        )

    async def hashing(self, question: Callable[[Administration], _Result]) -> _Result:
        """Return as ``administration`` for questions that hash a password.

        Raises:
            ServiceError: ``OVERLOADED`` as ``Callers.set_password``.
        """
        return await self._callers.set_password(
            self.principal, lambda identity: question(identity.administration_for(self.principal))
        )

    async def check_administers(self) -> None:
        """Raise ``ROLE_FORBIDDEN`` for who is no administrator, before the body is read."""
        await self._callers.ask(lambda identity: identity.administration_for(self.principal))

    async def judge(self, question: Callable[[Authorizer], _Result]) -> _Result:
        """Return what identity knows about the caller's token."""
        return await self._callers.judge(question)

    async def usage(self, project_id: str | None, window: Window) -> UsageReport:
        """Counted calls; see ``Identity.usage``."""
        return await self._callers.report(
            lambda identity: identity.usage(self.principal, project_id, window)
        )

    async def change_password(self, current: str, new: str) -> None:
        """Another password for the caller; see ``Identity.change_password``."""
        await self._callers.change_password(self._request, self.principal, current, new)

    async def _ask(self, question: Callable[[Identity], _Result]) -> _Result:
        """Return what identity answers; what changes nothing does not wait for changes."""
        if self._request.method in _READING:
            return await self._callers.ask(question)
        return await self._callers.change(question)


@asynccontextmanager
async def managing(request: Request) -> AsyncIterator[ManagementCall]:
    """The call, once its caller is proved; says the reasons of failures that it may.

    Raises:
        ServiceError: as ``Callers.authenticate``; ``RATE_LIMITED``.
    """
    state = state_of(request)
    callers = state.callers
    if callers is None:  # these routes are not added without identity
        raise ServiceError(ErrorKind.ROUTE_UNKNOWN, "this server has no identities")
    check_sizes(request.scope)
    try:
        with state.identity_body(request) as body:
            principal = await state.management_rate_limit.authenticate(
                request, lambda: callers.authenticate(request, body)
            )
            set_actor(principal.user.id)
            body.hold_as(authenticated(principal.user.domain.id))
            yield ManagementCall(request, callers, body, principal)
    except ServiceError as error:
        kind = _TOLD.get(error.kind)
        if kind is None:
            raise
        raise ServiceError(kind, error.detail, public={"reason": error.detail}) from error


def record_id(request: Request) -> str:
    """The id in the path.

    Raises:
        ServiceError: ``RECORD_UNKNOWN`` for what no record is called.
    """
    found = checked_id(request.path_params["id"])
    set_target(found)
    return found


def checked_id(text: str) -> str:
    """A text that may be the id of a user or project.

    Raises:
        ServiceError: ``RECORD_UNKNOWN`` for what no record is called.
    """
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, "no record has such an id")
    return text
