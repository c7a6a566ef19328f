"""Recognize the text of an image: the Web Image OCR call."""

from __future__ import annotations

import time

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.limits.bodies import Body, while_connected
from web_image_ocr.api.limits.body_budget import authenticated
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.openapi.failures import web_image_failures
from web_image_ocr.api.openapi.operations import in_path, operation
from web_image_ocr.api.state import State, state_of
from web_image_ocr.api.wire.codec import json_response, parse_json, server_timing, validate
from web_image_ocr.api.wire.web_image import WebImageAnswer, WebImageRequest, encode_page
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import decode_base64
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Web Image OCR"])

_MAX_INLINE_BASE64 = 1024 * 1024
"""Characters of Base64 text decoded on the event loop, in under 0.5 ms; longer texts go to a
thread."""


@router.post(
    "/v2/{project_id}/ocr/web-image",
    summary="Recognize the text of an image",
    response_model=WebImageAnswer,
    response_model_exclude_unset=True,
    responses=web_image_failures(),
    openapi_extra=operation(
        in_path("project_id", "Id of the calling project, 32 hex digits."), body=WebImageRequest
    ),
)
async def web_image(request: Request) -> Response:
    """Return every line of text with its location and confidence."""
    state = state_of(request)
    project_id: str = request.path_params["project_id"]
    check_sizes(request.scope)
    with state.service_body(request) as body:
        if state.identity:
            await state.identity.authenticator.authorize(request, body, project_id)
        body.hold_as(authenticated(project_id))
        await state.rate_limit.hit(project_id)
        wanted = _read_request(await body.consume())
        options = RecognitionOptions(detect_direction=bool(wanted.detect_direction))
        extract = wanted.extract_type or ()
        deadline = Deadline.after(state.config.deadline_s)
        image = await while_connected(
            request.receive, _get_image(state, body, wanted, project_id, deadline)
        )
        del wanted  # up to 10 MB of text, not needed while the call waits for a worker
        recognition = state.recognizer.recognize(image, options, deadline, project_id)
        page = await while_connected(request.receive, recognition)
    started = time.perf_counter()
    response = json_response(encode_page(page, extract))
    timings = {**page.timings, "encode": time.perf_counter() - started}
    response.headers["server-timing"] = server_timing(timings)
    return response


def _read_request(body: bytes) -> WebImageRequest:
    wanted = validate(WebImageRequest, parse_json(body), ErrorKind.PARAMETER_INVALID)
    if bool(wanted.image) == bool(wanted.url):
        raise ServiceError(ErrorKind.PARAMETER_INVALID, "give exactly one of image and url")
    return wanted


async def _get_image(
    state: State, body: Body, wanted: WebImageRequest, project_id: str, deadline: Deadline
) -> bytes:
    if wanted.url:
        image = await state.fetcher.fetch(wanted.url, project_id, deadline)
        body.reserve(len(image))  # the fetcher has released it
        return image
    text = wanted.image or ""
    if len(text) <= _MAX_INLINE_BASE64:
        return decode_base64(text)
    return await to_thread.run_sync(decode_base64, text, limiter=state.base64_threads)
