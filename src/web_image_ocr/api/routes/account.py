"""Show the caller and change its password."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from web_image_ocr.api.management import Call
from web_image_ocr.api.openapi.failures import management_failures
from web_image_ocr.api.openapi.operations import operation
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.management import MeAnswer, NewPasswordRequest, encode_me
from web_image_ocr.primitives.errors import ErrorKind

router = APIRouter(tags=["Management"], responses=management_failures())


@router.get("/v1/me", summary="Show the caller", response_model=MeAnswer, openapi_extra=operation())
async def me(call: Call) -> Response:
    """Return the caller with its current role, its account, and the project of its token."""
    return json_response(encode_me(call.principal, await call.project()))


@router.post(
    "/v1/me/password",
    status_code=204,
    summary="Change one's own password",
    responses=management_failures(ErrorKind.LOGIN_FAILED, ErrorKind.LOGIN_LOCKED),
    openapi_extra=operation(body=NewPasswordRequest),
)
async def change_password(call: Call) -> Response:
    """Change the password. Revoke all tokens and temporary keys of the caller, also the current."""
    wanted = await call.read(NewPasswordRequest)
    await call.change_password(wanted.current_password, wanted.new_password)
    return Response(status_code=204)
