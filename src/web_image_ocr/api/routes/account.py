"""Who is calling, and the caller's own password."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import managing
from web_image_ocr.api.openapi_management import management_failures, management_operation
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.management import MeAnswer, NewPasswordRequest, encode_me

router = APIRouter(tags=["Management"])


@router.get(
    "/v1/me",
    summary="Who is calling",
    response_model=MeAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("me"),
)
async def me(request: Request) -> Response:
    """The caller with the role of now, the account, and the project of the token."""
    async with managing(request) as call:
        project = await call.judge(lambda access: access.project_of(call.principal))
        return json_response(encode_me(call.principal, project))


@router.post(
    "/v1/me/password",
    status_code=204,
    summary="Change one's own password",
    responses=management_failures(password=True),
    openapi_extra=management_operation("change_password", body=NewPasswordRequest),
)
async def change_password(request: Request) -> Response:
    """Ends all tokens and temporary keys of the caller, the one that asks included."""
    async with managing(request) as call:
        asked = await call.read(NewPasswordRequest)
        await call.change_password(asked.current_password, asked.new_password)
        return Response(status_code=204)
