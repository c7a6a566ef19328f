"""Access keys: one's own, for administrators those of the account."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import checked_id, managing
from web_image_ocr.api.openapi_management import (
    PAGE_PARAMETERS,
    in_path,
    in_query,
    management_failures,
    management_operation,
)
from web_image_ocr.api.wire.codec import PAGE_QUERY, json_response, query_parameters, requested_page
from web_image_ocr.api.wire.management import (
    Key,
    KeyChange,
    KeysAnswer,
    NewKeyAnswer,
    NewKeyRequest,
    encode_key,
    encode_list,
    encode_new_key,
)
from web_image_ocr.identity import ALL_USERS
from web_image_ocr.primitives.audit import set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Management"])

_ACCESS = in_path("access", "The public half of the key.")
_OWNER = in_query(
    "user", "Id of the owner, or `*` for all users; absent means the caller. Administrators only."
)


@router.get(
    "/v1/keys",
    summary="List access keys",
    response_model=KeysAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("list_keys", _OWNER, *PAGE_PARAMETERS),
)
async def list_keys(request: Request) -> Response:
    """Return keys without their secrets, from the oldest to the newest, in pages."""
    async with managing(request) as call:
        query = query_parameters(request, PAGE_QUERY | {"user"})
        page, owner = requested_page(query), query.get("user")
        if owner is not None and owner != ALL_USERS:
            owner = checked_id(owner)
        found = await call.self_service(lambda account: account.keys(owner, page))
        return json_response(encode_list("keys", encode_key, found))


@router.post(
    "/v1/keys",
    status_code=201,
    summary="Make an access key",
    response_model=NewKeyAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("create_key", body=NewKeyRequest),
)
async def create_key(request: Request) -> Response:
    """The new key with its secret, which is not shown again."""
    async with managing(request) as call:
        asked = await call.read(NewKeyRequest)
        owner = None if asked.user_id is None else checked_id(asked.user_id)
        made = await call.self_service(lambda account: account.create_key(owner))
        return json_response(encode_new_key(made), 201)


@router.patch(
    "/v1/keys/{access}",
    summary="Enable or disable an access key",
    response_model=Key,
    responses=management_failures(),
    openapi_extra=management_operation("change_key", _ACCESS, body=KeyChange),
)
async def change_key(request: Request) -> Response:
    """The key as it is then; a disabled key is refused like an unknown one."""
    async with managing(request) as call:
        access = _access(request)
        asked = await call.read(KeyChange)
        changed = await call.self_service(
            lambda account: account.switch_key(access, enabled=asked.enabled)
        )
        return json_response(encode_key(changed))


@router.delete(
    "/v1/keys/{access}",
    status_code=204,
    summary="Delete an access key",
    responses=management_failures(),
    openapi_extra=management_operation("delete_key", _ACCESS),
)
async def delete_key(request: Request) -> Response:
    """Forgets the key."""
    async with managing(request) as call:
        access = _access(request)
        await call.self_service(lambda account: account.delete_key(access))
        return Response(status_code=204)


def _access(request: Request) -> str:
    access: str = request.path_params["access"]
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", access):
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, "no access key is called so")
    if re.fullmatch(r"[A-Z0-9]{20}", access):  # like ours; others may be anything
        set_target(access)
    return access
