"""Signs of life for whoever watches the server."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.state import state_of
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.web_image import Health

router = APIRouter(tags=["Health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Health, summary="Whether the process answers")
async def healthz() -> Response:
    """200 as long as the process answers."""
    return json_response({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=Health,
    summary="Whether a picture sent now would be read",
    responses={503: {"model": Health, "description": "A part is missing."}},
)
async def readyz(request: Request) -> Response:
    """200 when workers and store answer, else 503 with the missing part's name.

    503 also as soon as the server has been told to stop.
    """
    state = state_of(request)
    if state.stopping():
        return json_response({"status": "stopping"}, 503)
    if not state.recognizer.ready():
        return json_response({"status": "recognizer unavailable"}, 503)
    if state.store and not await state.store.answers():
        return json_response({"status": "store unavailable"}, 503)
    return json_response({"status": "ready"})
