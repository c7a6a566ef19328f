"""Handle what all calls of the management API share: authentication, bodies, error reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Concatenate, ParamSpec, TypeVar

from fastapi import Depends
from starlette.requests import Request

from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import authenticated
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.state import IdentityServices, identity_of, state_of
from web_image_ocr.api.wire.codec import Wire, parse_json, validate
from web_image_ocr.identity import (
    Administration,
    Authorizer,
    Principal,
    Project,
    SelfService,
    UsageReport,
    Window,
)
from web_image_ocr.primitives.audit import set_actor, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_Model = TypeVar("_Model", bound=Wire)

_READ_METHODS = frozenset({"GET", "HEAD"})

_WITH_REASON = {
    ErrorKind.IDENTITY_REQUEST_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.MANAGEMENT_REQUEST_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.JSON_INVALID: ErrorKind.MANAGEMENT_REQUEST_INVALID,
    ErrorKind.RECORD_CONFLICT: ErrorKind.RECORD_CONFLICT,
    ErrorKind.QUOTA_EXCEEDED: ErrorKind.QUOTA_EXCEEDED,
}
"""Errors whose reason is part of the answer, and their kinds in this API."""


class ManagementCall:
    """Represent one call of an authenticated caller.

    Attributes:
        principal: the caller, with role and state as in the database.
    """

    def __init__(
        self, request: Request, services: IdentityServices, body: Body, principal: Principal
    ) -> None:
        self.principal = principal
        self._request = request
        self._services = services
        self._gateway = services.gateway
        self._identity = services.gateway.identity
        self._body = body

    async def read(self, model: type[_Model]) -> _Model:
        """Return the request body; raise ``MANAGEMENT_REQUEST_INVALID`` if it does not fit."""
        value = parse_json(await self._body.read())
        return validate(model, value, ErrorKind.MANAGEMENT_REQUEST_INVALID)

    async def project(self) -> Project | None:
        """Return the project of the caller's token, if it has one."""
        return await self._gateway.check(Authorizer.project_of, self.principal)

    async def self_service(
        self,
        function: Callable[Concatenate[SelfService, _P], _Result],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _Result:
        """Return the result of a method of the caller's own account."""

        def run() -> _Result:
            return function(self._identity.self_service(self.principal), *args, **kwargs)

        return await self._run(run)

    async def administration(
        self,
        function: Callable[Concatenate[Administration, _P], _Result],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _Result:
        """Return the result of an administrator's method that hashes no password."""
        return await self._run(self._administering(function, *args, **kwargs))

    async def set_password(
        self,
        function: Callable[Concatenate[Administration, _P], _Result],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _Result:
        """Return the result of an administrator's method that hashes a password.

        Raises:
            ServiceError: ``OVERLOADED`` as ``SignIns.set_password``.
        """
        run = self._administering(function, *args, **kwargs)
        return await self._services.sign_ins.set_password(self.principal, run)

    async def change_password(self, current: str, new: str) -> None:
        """Change the caller's own password; see ``Identity.change_password``."""
        await self._services.sign_ins.change_password(self._request, self.principal, current, new)

    async def check_is_administrator(self) -> None:
        """Raise ``ROLE_FORBIDDEN`` unless the caller is one; call it before the body is read."""
        await self._gateway.read(self._identity.administration_for, self.principal)

    async def usage(self, project_id: str | None, window: Window) -> UsageReport:
        """Return the numbers of calls; see ``Identity.usage``."""
        return await self._gateway.report(self._identity.usage, self.principal, project_id, window)

    def _administering(
        self,
        function: Callable[Concatenate[Administration, _P], _Result],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Callable[[], _Result]:
        return lambda: function(self._identity.administration_for(self.principal), *args, **kwargs)

    async def _run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function in the pool for its method: reads do not wait for writes."""
        if self._request.method in _READ_METHODS:
            return await self._gateway.read(function)
        return await self._gateway.write(function)


async def _managing(request: Request) -> AsyncIterator[ManagementCall]:
    """Yield the call of an authenticated caller; add reasons to its errors.

    Raises:
        ServiceError: as ``Authenticator.authenticate``; ``RATE_LIMITED``.
    """
    state, services = state_of(request), identity_of(request)
    check_sizes(request.scope)
    try:
        with state.identity_body(request) as body:
            principal = await state.management_rate_limit.authenticate(
                request, partial(services.authenticator.authenticate, request, body)
            )
            set_actor(principal.user.id)
            body.hold_as(authenticated(principal.user.domain.id))
            yield ManagementCall(request, services, body, principal)
    except ServiceError as error:
        kind = _WITH_REASON.get(error.kind)
        if kind is None:
            raise
        raise ServiceError(kind, error.detail, public={"reason": error.detail}) from error


Call = Annotated[ManagementCall, Depends(_managing, scope="function")]
"""Parameter of a route that needs an authenticated caller."""


def record_id(request: Request) -> str:
    """Return the id in the path; raise ``RECORD_UNKNOWN`` if it cannot be an id."""
    found = checked_id(request.path_params["id"])
    set_target(found)
    return found


def checked_id(text: str) -> str:
    """Return a text that may be the id of a user or project.

    Raises:
        ServiceError: ``RECORD_UNKNOWN`` if it cannot be an id.
    """
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, "no record has such an id")
    return text
