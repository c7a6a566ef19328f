"""Show the caller and change its password; manage the users of the account."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import Call, record_id
from web_image_ocr.api.openapi.failures import management_failures
from web_image_ocr.api.openapi.operations import in_path, operation, page_parameters
from web_image_ocr.api.wire.codec import PAGE_QUERY, json_response, query_parameters, requested_page
from web_image_ocr.api.wire.management import (
    ManagedUser,
    MeAnswer,
    NewPasswordAnswer,
    NewPasswordRequest,
    NewUserRequest,
    PasswordReset,
    UserChange,
    UsersAnswer,
    encode_list,
    encode_me,
    encode_new_password,
    encode_user,
)
from web_image_ocr.identity import Administration
from web_image_ocr.primitives.errors import ErrorKind

router = APIRouter(tags=["Management"], responses=management_failures())

_ID = in_path("id", "Id of the user, 32 hex digits.")


@router.get("/v1/me", summary="Show the caller", response_model=MeAnswer, openapi_extra=operation())
async def me(call: Call) -> Response:
    """Return the caller with its current role, its account, and the project of its token."""
    return json_response(encode_me(call.principal, await call.project()))


@router.post(
    "/v1/me/password",
    status_code=204,
    summary="Change your own password",
    responses=management_failures(ErrorKind.LOGIN_FAILED, ErrorKind.LOGIN_LOCKED),
    openapi_extra=operation(body=NewPasswordRequest),
)
async def change_password(call: Call) -> Response:
    """Change the password. Revoke all tokens and temporary keys of the caller, also the current."""
    wanted = await call.read(NewPasswordRequest)
    await call.change_password(wanted.current_password, wanted.new_password)
    return Response(status_code=204)


@router.get(
    "/v1/users",
    summary="List users",
    response_model=UsersAnswer,
    openapi_extra=operation(*page_parameters()),
)
async def list_users(request: Request, call: Call) -> Response:
    """Return a page of users by name. All calls for users are for administrators only."""
    page = requested_page(query_parameters(request, PAGE_QUERY))
    found = await call.administration(Administration.users, page)
    return json_response(encode_list("users", encode_user, found))


@router.post(
    "/v1/users",
    status_code=201,
    summary="Create a user",
    response_model=NewPasswordAnswer,
    openapi_extra=operation(body=NewUserRequest),
)
async def create_user(call: Call) -> Response:
    """Return the new user, and the password if the server generated it."""
    await call.check_is_administrator()
    wanted = await call.read(NewUserRequest)
    created = await call.set_password(
        Administration.create_user, wanted.name, wanted.role, wanted.password
    )
    return json_response(encode_new_password(created), 201)


@router.patch(
    "/v1/users/{id}",
    summary="Change a user's role, enable or disable a user",
    response_model=ManagedUser,
    openapi_extra=operation(_ID, body=UserChange),
)
async def change_user(request: Request, call: Call) -> Response:
    """Return the changed user. Disabling a user revokes all tokens and temporary keys."""
    await call.check_is_administrator()
    user = record_id(request)
    wanted = await call.read(UserChange)
    changed = await call.administration(
        Administration.change_user, user, role=wanted.role, enabled=wanted.enabled
    )
    return json_response(encode_user(changed))


@router.post(
    "/v1/users/{id}/password",
    summary="Reset a user's password",
    response_model=NewPasswordAnswer,
    openapi_extra=operation(_ID, body=PasswordReset),
)
async def reset_password(request: Request, call: Call) -> Response:
    """Return the user, and the password if the server generated it. Revoke the user's tokens."""
    await call.check_is_administrator()
    user = record_id(request)
    wanted = await call.read(PasswordReset)
    changed = await call.set_password(Administration.set_password, user, wanted.password)
    return json_response(encode_new_password(changed))


@router.delete(
    "/v1/users/{id}", status_code=204, summary="Delete a user", openapi_extra=operation(_ID)
)
async def delete_user(request: Request, call: Call) -> Response:
    """Delete the user with all access keys."""
    await call.check_is_administrator()
    await call.administration(Administration.delete_user, record_id(request))
    return Response(status_code=204)
