"""The part of the identity API that a caller of the service needs."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.credentials import Callers, token_of
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.openapi import (
    authentication_operation,
    ending_operation,
    identity_failures,
    inspection_operation,
    projects_operation,
    temporary_key_operation,
)
from web_image_ocr.api.state import state_of
from web_image_ocr.api.wire.codec import json_response, parse_json, requested_page, validate
from web_image_ocr.api.wire.identity import (
    AuthRequest,
    ProjectsAnswer,
    TemporaryKeyAnswer,
    TokenAnswer,
    encode_projects,
    encode_temporary_key,
    encode_token,
)
from web_image_ocr.identity import MAX_PAGE_SIZE, Principal, TokenGrant
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Identity"])


@router.post(
    "/v3/auth/tokens",
    status_code=201,
    summary="Obtain a token for 24 hours",
    response_model=TokenAnswer,
    responses=identity_failures(),
    openapi_extra=authentication_operation(),
)
async def issue_token(request: Request) -> Response:
    """A token in the header ``X-Subject-Token``, and what it says."""
    counted = await _count_caller(request)
    asked = await _read_request(request)
    callers = _callers(request)
    if asked.method == "password":
        if counted:  # the header's token does not say who signs in
            await state_of(request).management_rate_limit.count_network(request)
        grant = await callers.log_in(request, asked.password_login())
    else:
        token = await _good_token(request, asked.token.id, counted=counted)
        scope = asked.scope()
        grant = await callers.ask(lambda identity: identity.rescope(token, scope))
    return _token_response(grant, 201)


@router.head(
    "/v3/auth/tokens",
    summary="Whether a token is good",
    responses=identity_failures(),
    openapi_extra=inspection_operation("check_token"),
)
@router.get(
    "/v3/auth/tokens",
    summary="What a token says",
    response_model=TokenAnswer,
    responses=identity_failures(),
    openapi_extra=inspection_operation("inspect_token"),
)
async def inspect_token(request: Request) -> Response:
    """What the token in ``X-Subject-Token`` says; 404 when it is not good."""
    check_sizes(request.scope)
    asking = await _good_token(request)
    subject = request.headers.get("x-subject-token", "")
    grant = await _callers(request).judge(lambda access: access.inspect_token(asking, subject))
    return _token_response(grant, 200)


@router.delete(
    "/v3/auth/tokens",
    status_code=204,
    summary="End a token before its time",
    responses=identity_failures(),
    openapi_extra=ending_operation(),
)
async def end_token(request: Request) -> Response:
    """From now on the token in ``X-Subject-Token`` is refused; other servers follow in 5 s."""
    check_sizes(request.scope)
    asking = await _good_token(request)
    subject = request.headers.get("x-subject-token", "")
    callers = _callers(request)
    # First, so that only who may revoke it waits for the store's lock.
    await callers.judge(lambda access: access.authorize_revocation(asking, subject))
    await callers.change(lambda identity: identity.revoke_token(asking, subject))
    return Response(status_code=204)


@router.get(
    "/v3/projects",
    summary="Look up projects by name",
    response_model=ProjectsAnswer,
    responses=identity_failures(),
    openapi_extra=projects_operation(),
)
async def projects(request: Request) -> Response:
    """Return the caller's projects by name, or the one of the name asked for."""
    check_sizes(request.scope)
    callers = _callers(request)
    state = state_of(request)
    with state.identity_body(request) as body:
        principal = await state.management_rate_limit.authenticate(
            request, lambda: callers.authenticate(request, body)
        )
    name = request.query_params.get("name") or None
    page = requested_page(request.query_params, MAX_PAGE_SIZE)
    found = await callers.ask(lambda identity: identity.projects(principal, name, page))
    return json_response(encode_projects(found, str(request.url), page.limit))


@router.post(
    "/v3.0/OS-CREDENTIAL/securitytokens",
    status_code=201,
    summary="Obtain a temporary key",
    response_model=TemporaryKeyAnswer,
    responses=identity_failures(),
    openapi_extra=temporary_key_operation(),
)
async def issue_temporary_key(request: Request) -> Response:
    """An access key that ends by itself, with its security token."""
    counted = await _count_caller(request)
    asked = await _read_request(request)
    if asked.method != "token":
        raise _unusable_method()
    token = await _good_token(request, asked.token.id, counted=counted)
    seconds = asked.duration_seconds()
    key = await _callers(request).ask(lambda identity: identity.issue_temporary_key(token, seconds))
    return json_response(encode_temporary_key(key), 201)


async def _count_caller(request: Request) -> str:
    """Count the call before its body is read: for the user of a valid token, else the network.

    Returns:
        The id of the user; empty where the call was counted for the network.

    Raises:
        ServiceError: ``RATE_LIMITED``.
    """
    limits = state_of(request).management_rate_limit
    principal: Principal | None = None
    if token := request.headers.get("x-auth-token"):
        with suppress(ServiceError):
            principal = await _callers(request).judge(
                lambda access: access.authenticate_token(token)
            )
    if principal is None:
        await limits.count_network(request)
        return ""
    await limits.count_user(principal)
    return principal.user.id


async def _good_token(request: Request, token: str | None = None, *, counted: str = "") -> str:
    """Return the caller's token, by default that of the header, and count the call for its user.

    Args:
        request: as received.
        token: the caller's; None means that of the header.
        counted: as in ``ManagementRateLimit.authenticate``.

    Raises:
        ServiceError: as ``Identity.authenticate_token``; ``CREDENTIALS_MISSING``,
            ``RATE_LIMITED``.
    """
    callers = _callers(request)
    found = token or ""

    async def proof() -> Principal:
        nonlocal found
        found = found or token_of(request)
        return await callers.judge(lambda access: access.authenticate_token(found))

    await state_of(request).management_rate_limit.authenticate(request, proof, counted=counted)
    return found


async def _read_request(request: Request) -> AuthRequest:
    check_sizes(request.scope)
    with state_of(request).identity_body(request) as body:
        try:
            value = parse_json(await body.read())
        except ServiceError as error:
            raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, error.detail) from None
        asked = validate(AuthRequest, value, ErrorKind.IDENTITY_REQUEST_INVALID)
    if asked.method not in {"password", "token"}:
        raise _unusable_method()
    return asked


def _unusable_method() -> ServiceError:
    return ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, "no such method here")


def _callers(request: Request) -> Callers:
    callers = state_of(request).callers
    if callers is None:  # these routes are not added without identity
        raise ServiceError(ErrorKind.ROUTE_UNKNOWN, "this server has no identities")
    return callers


def _token_response(grant: TokenGrant, status: int) -> Response:
    response = json_response(encode_token(grant), status)
    response.headers["x-subject-token"] = grant.token
    return response
