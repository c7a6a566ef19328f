"""Issue, inspect and revoke tokens, issue temporary keys, list projects (identity API)."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.authentication import token_of
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.openapi.failures import identity_failures
from web_image_ocr.api.openapi.operations import (
    TOKEN,
    TOKEN_OR_NONE,
    in_header,
    in_query,
    operation,
    page_parameters,
)
from web_image_ocr.api.state import identity_of, state_of
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
from web_image_ocr.identity import MAX_PAGE_SIZE, Authorizer, Principal, TokenGrant
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Identity"], responses=identity_failures())

_NAME = in_query("name", "Exact name, usually that of a region; absent: all projects.")
_NOCATALOG = in_query("nocatalog", "Accepted without effect: the catalog is always empty.")
_SUBJECT_TOKEN = in_header("X-Subject-Token", "The token to inspect or revoke.")
_TOKEN_HEADER = {
    "headers": {"X-Subject-Token": {"description": "The token.", "schema": {"type": "string"}}}
}


@router.post(
    "/v3/auth/tokens",
    status_code=201,
    summary="Issue a token",
    response_model=TokenAnswer,
    openapi_extra=operation(
        _NOCATALOG, body=AuthRequest, security=TOKEN_OR_NONE, responses={"201": _TOKEN_HEADER}
    ),
)
async def issue_token(request: Request) -> Response:
    """Return a token in the header ``X-Subject-Token``, and its content."""
    services = identity_of(request)
    counted_user_id = await _count_caller(request)
    wanted = await _read_request(request)
    if wanted.method == "password":
        if counted_user_id:  # the user of the header's token need not be the one who signs in
            await state_of(request).management_rate_limit.count_network(request)
        grant = await services.sign_ins.log_in(request, wanted.password_login())
    else:
        token = await _valid_token(request, wanted.token.id, counted_user_id)
        gateway = services.gateway
        grant = await gateway.read(gateway.identity.sign_in.rescope, token, wanted.scope())
    return _token_response(grant, 201)


@router.head(
    "/v3/auth/tokens",
    operation_id="check_token",
    summary="Check a token",
    openapi_extra=operation(
        _SUBJECT_TOKEN, _NOCATALOG, security=TOKEN, responses={"200": _TOKEN_HEADER}
    ),
)
@router.get(
    "/v3/auth/tokens",
    summary="Inspect a token",
    response_model=TokenAnswer,
    openapi_extra=operation(
        _SUBJECT_TOKEN, _NOCATALOG, security=TOKEN, responses={"200": _TOKEN_HEADER}
    ),
)
async def inspect_token(request: Request) -> Response:
    """Return the content of the token in ``X-Subject-Token``; 404 if it is not valid."""
    check_sizes(request.scope)
    caller_token = await _valid_token(request)
    subject_token = request.headers.get("x-subject-token", "")
    gateway = identity_of(request).gateway
    grant = await gateway.check(Authorizer.inspect_token, caller_token, subject_token)
    return _token_response(grant, 200)


@router.delete(
    "/v3/auth/tokens",
    status_code=204,
    name="end_token",
    summary="Revoke a token",
    openapi_extra=operation(_SUBJECT_TOKEN, security=TOKEN),
)
async def revoke_token(request: Request) -> Response:
    """Revoke the token in ``X-Subject-Token``; other servers refuse it within 5 s."""
    check_sizes(request.scope)
    caller_token = await _valid_token(request)
    subject_token = request.headers.get("x-subject-token", "")
    gateway = identity_of(request).gateway
    # First, so that only authorized callers wait for the database's write lock.
    await gateway.check(Authorizer.authorize_revocation, caller_token, subject_token)
    await gateway.write(gateway.identity.revoked_tokens.revoke, caller_token, subject_token)
    return Response(status_code=204)


@router.get(
    "/v3/projects",
    name="projects",
    summary="List projects or find one by name",
    response_model=ProjectsAnswer,
    openapi_extra=operation(_NAME, *page_parameters(MAX_PAGE_SIZE)),
)
async def list_projects(request: Request) -> Response:
    """Return a page of the caller's projects, or the one with the given name."""
    check_sizes(request.scope)
    state, services = state_of(request), identity_of(request)
    with state.identity_body(request) as body:
        principal = await state.management_rate_limit.authenticate(
            request, partial(services.authenticator.authenticate, request, body)
        )
    name = request.query_params.get("name") or None
    page = requested_page(request.query_params, MAX_PAGE_SIZE)
    gateway = services.gateway
    found = await gateway.read(gateway.identity.projects, principal, name, page)
    return json_response(encode_projects(found, str(request.url), page.limit))


@router.post(
    "/v3.0/OS-CREDENTIAL/securitytokens",
    status_code=201,
    summary="Issue a temporary key",
    response_model=TemporaryKeyAnswer,
    openapi_extra=operation(body=AuthRequest, security=TOKEN_OR_NONE),
)
async def issue_temporary_key(request: Request) -> Response:
    """Return an access key that expires, with its security token."""
    counted_user_id = await _count_caller(request)
    wanted = await _read_request(request)
    if wanted.method != "token":
        raise _method_error("the method must be token")
    token = await _valid_token(request, wanted.token.id, counted_user_id)
    seconds = wanted.duration_seconds()
    gateway = identity_of(request).gateway
    key = await gateway.read(gateway.identity.temporary_keys.issue, token, seconds)
    return json_response(encode_temporary_key(key), 201)


async def _count_caller(request: Request) -> str:
    """Count the call before its body is read, for the user of a valid token or the network.

    Returns:
        The id of the user; empty if the call was counted for the network.

    Raises:
        ServiceError: ``RATE_LIMITED``.
    """
    limits = state_of(request).management_rate_limit
    principal: Principal | None = None
    if token := request.headers.get("x-auth-token"):
        with suppress(ServiceError):
            gateway = identity_of(request).gateway
            principal = await gateway.check(Authorizer.authenticate_token, token)
    if principal is None:
        await limits.count_network(request)
        return ""
    await limits.count_user(principal)
    return principal.user.id


async def _valid_token(
    request: Request, given: str | None = None, counted_user_id: str = ""
) -> str:
    """Return the caller's token after authentication, and count the call for its user.

    Args:
        request: as received.
        given: token in the body; None or empty for that of the header.
        counted_user_id: as in ``ManagementRateLimit.authenticate``.

    Raises:
        ServiceError: as ``Authorizer.authenticate_token``; ``CREDENTIALS_MISSING``,
            ``RATE_LIMITED``.
    """
    gateway = identity_of(request).gateway
    token = given or ""

    async def authenticate() -> Principal:
        nonlocal token
        token = token or token_of(request)
        return await gateway.check(Authorizer.authenticate_token, token)

    limit = state_of(request).management_rate_limit
    await limit.authenticate(request, authenticate, counted_user_id=counted_user_id)
    return token


async def _read_request(request: Request) -> AuthRequest:
    check_sizes(request.scope)
    with state_of(request).identity_body(request) as body:
        try:
            value = parse_json(await body.read())
        except ServiceError as error:
            raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, error.detail) from None
        wanted = validate(AuthRequest, value, ErrorKind.IDENTITY_REQUEST_INVALID)
    if wanted.method not in {"password", "token"}:
        raise _method_error("the method must be password or token")
    return wanted


def _method_error(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, detail)


def _token_response(grant: TokenGrant, status: int) -> Response:
    response = json_response(encode_token(grant), status)
    response.headers["x-subject-token"] = grant.token
    return response
