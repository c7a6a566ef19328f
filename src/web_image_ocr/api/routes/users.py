"""The users of the account; for its administrators."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import managing, record_id
from web_image_ocr.api.openapi_management import (
    PAGE_PARAMETERS,
    in_path,
    management_failures,
    management_operation,
)
from web_image_ocr.api.wire.codec import PAGE_QUERY, json_response, query_parameters, requested_page
from web_image_ocr.api.wire.management import (
    ManagedUser,
    NewPasswordAnswer,
    NewUserRequest,
    PasswordReset,
    UserChange,
    UsersAnswer,
    encode_list,
    encode_new_password,
    encode_user,
)

router = APIRouter(tags=["Management"])

_ID = in_path("id", "Of the user, 32 hex digits.")


@router.get(
    "/v1/users",
    summary="List the account's users",
    response_model=UsersAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("list_users", *PAGE_PARAMETERS),
)
async def list_users(request: Request) -> Response:
    """Return users by name, in pages; administrators only, as all that follows."""
    async with managing(request) as call:
        page = requested_page(query_parameters(request, PAGE_QUERY))
        found = await call.administration(lambda accounts: accounts.users(page))
        return json_response(encode_list("users", encode_user, found))


@router.post(
    "/v1/users",
    status_code=201,
    summary="Make a user",
    response_model=NewPasswordAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("create_user", body=NewUserRequest),
)
async def create_user(request: Request) -> Response:
    """The new user, and the password if none was given."""
    async with managing(request) as call:
        await call.check_administers()
        asked = await call.read(NewUserRequest)
        made = await call.hashing(
            lambda accounts: accounts.create_user(asked.name, asked.role, asked.password)
        )
        return json_response(encode_new_password(made), 201)


@router.patch(
    "/v1/users/{id}",
    summary="Change a user's role, enable or disable a user",
    response_model=ManagedUser,
    responses=management_failures(),
    openapi_extra=management_operation("change_user", _ID, body=UserChange),
)
async def change_user(request: Request) -> Response:
    """The user as it is then; disabling ends tokens and temporary keys for good."""
    async with managing(request) as call:
        await call.check_administers()
        user = record_id(request)
        asked = await call.read(UserChange)
        changed = await call.administration(
            lambda accounts: accounts.change_user(user, role=asked.role, enabled=asked.enabled)
        )
        return json_response(encode_user(changed))


@router.post(
    "/v1/users/{id}/password",
    summary="Give a user another password",
    response_model=NewPasswordAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("reset_password", _ID, body=PasswordReset),
)
async def reset_password(request: Request) -> Response:
    """The user, and the password if none was given; ends the user's tokens."""
    async with managing(request) as call:
        await call.check_administers()
        user = record_id(request)
        asked = await call.read(PasswordReset)
        changed = await call.hashing(lambda accounts: accounts.set_password(user, asked.password))
        return json_response(encode_new_password(changed))


@router.delete(
    "/v1/users/{id}",
    status_code=204,
    summary="Delete a user",
    responses=management_failures(),
    openapi_extra=management_operation("delete_user", _ID),
)
async def delete_user(request: Request) -> Response:
    """Forgets the user with all keys."""
    async with managing(request) as call:
        await call.check_administers()
        user = record_id(request)
        await call.administration(lambda accounts: accounts.delete_user(user))
        return Response(status_code=204)
