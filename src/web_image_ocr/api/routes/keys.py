"""Manage the caller's access keys, or as an administrator those of the account."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import Call, checked_id
from web_image_ocr.api.openapi.failures import management_failures
from web_image_ocr.api.openapi.operations import in_path, in_query, operation, page_parameters
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
from web_image_ocr.identity import ALL_USERS, SelfService
from web_image_ocr.primitives.audit import set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Management"], responses=management_failures())

_ACCESS = in_path("access", "Public half of the key.")
_OWNER = in_query(
    "user", "Id of the owner, or `*` for all users; absent means the caller. Administrators only."
)


@router.get(
    "/v1/keys",
    summary="List access keys",
    response_model=KeysAnswer,
    openapi_extra=operation(_OWNER, *page_parameters()),
)
async def list_keys(request: Request, call: Call) -> Response:
    """Return a page of keys without their secrets, oldest first."""
    query = query_parameters(request, PAGE_QUERY | {"user"})
    page, owner = requested_page(query), query.get("user")
    if owner is not None and owner != ALL_USERS:
        owner = checked_id(owner)
    found = await call.self_service(SelfService.keys, owner, page)
    return json_response(encode_list("keys", encode_key, found))


@router.post(
    "/v1/keys",
    status_code=201,
    summary="Create an access key",
    response_model=NewKeyAnswer,
    openapi_extra=operation(body=NewKeyRequest),
)
async def create_key(call: Call) -> Response:
    """Return the new key with its secret, which is not shown again."""
    wanted = await call.read(NewKeyRequest)
    owner = None if wanted.user_id is None else checked_id(wanted.user_id)
    created = await call.self_service(SelfService.create_key, owner)
    return json_response(encode_new_key(created), 201)


@router.patch(
    "/v1/keys/{access}",
    summary="Enable or disable an access key",
    response_model=Key,
    openapi_extra=operation(_ACCESS, body=KeyChange),
)
async def change_key(request: Request, call: Call) -> Response:
    """Return the changed key. A disabled key is refused like an unknown one."""
    access = _access(request)
    wanted = await call.read(KeyChange)
    changed = await call.self_service(SelfService.switch_key, access, enabled=wanted.enabled)
    return json_response(encode_key(changed))


@router.delete(
    "/v1/keys/{access}",
    status_code=204,
    summary="Delete an access key",
    openapi_extra=operation(_ACCESS),
)
async def delete_key(request: Request, call: Call) -> Response:
    """Delete the key."""
    await call.self_service(SelfService.delete_key, _access(request))
    return Response(status_code=204)


def _access(request: Request) -> str:
    access: str = request.path_params["access"]
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", access):
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, "no access key is called so")
    if re.fullmatch(r"[A-Z0-9]{20}", access):  # our format; others may hold anything
        set_target(access)
    return access
