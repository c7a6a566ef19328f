"""Answer health checks."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.state import state_of
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.web_image import Health

router = APIRouter(tags=["Health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Health, summary="Check whether the process answers")
async def healthz() -> Response:
    """Return 200 as long as the process answers (liveness)."""
    return json_response({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    response_model=Health,
    summary="Check whether the server can recognize images",
    responses={503: {"model": Health, "description": "A component is not available."}},
)
async def readyz(request: Request) -> Response:
    """Return 200 if workers and database answer, else 503 with the missing part (readiness).

    Return 503 from the start of a graceful shutdown.
    """
    state = state_of(request)
    if state.stopping():
        return json_response({"status": "stopping"}, 503)
    if not state.recognizer.ready():
        return json_response({"status": "recognizer unavailable"}, 503)
    if state.identity and not await state.identity.probe.answers():
        return json_response({"status": "store unavailable"}, 503)
    return json_response({"status": "ready"})
