"""The call everything is built around: a picture in, its text out."""

from __future__ import annotations

import time

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.limits.bodies import Body, while_connected
from web_image_ocr.api.limits.body_budget import authenticated
from web_image_ocr.api.limits.request_head import check_sizes
from web_image_ocr.api.openapi import service_failures, web_image_operation
from web_image_ocr.api.state import State, state_of
from web_image_ocr.api.wire.codec import json_response, parse_json, server_timing, validate
from web_image_ocr.api.wire.web_image import WebImageAnswer, WebImageRequest, encode_page
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import decode_base64
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

router = APIRouter(tags=["Web Image OCR"])

_DECODED_INLINE = 1024 * 1024
"""Characters of Base64 text; above, decoding goes to a thread. Below it takes under 0.5 ms
(measured: 4 ms for 10 MB)."""


@router.post(
    "/v2/{project_id}/ocr/web-image",
    summary="Read the text of a picture",
    response_model=WebImageAnswer,
    response_model_exclude_unset=True,
    responses=service_failures(),
    openapi_extra=web_image_operation(),
)
async def web_image(request: Request) -> Response:
    """Every line of text with its place and how sure the reading is."""
    state = state_of(request)
    project_id: str = request.path_params["project_id"]
    check_sizes(request.scope)
    with state.service_body(request) as body:
        if state.callers:
            await state.callers.admit(request, body, project_id)
        body.hold_as(authenticated(project_id))
        await state.rate_limit.hit(project_id)
        asked = _read_request(await body.consume())
        options = RecognitionOptions(detect_direction=bool(asked.detect_direction))
        extract = asked.extract_type or ()
        deadline = Deadline.after(state.config.deadline_s)
        picture = await while_connected(
            request.receive, _picture(state, body, asked, project_id, deadline)
        )
        del asked  # up to 10 MB of text, of no use while the picture waits for its turn
        reading = state.recognizer.recognize(picture, options, deadline, project_id)
        page = await while_connected(request.receive, reading)
    started = time.perf_counter()
    response = json_response(encode_page(page, extract))
    timings = {**page.timings, "encode": time.perf_counter() - started}
    response.headers["server-timing"] = server_timing(timings)
    return response


def _read_request(body: bytes) -> WebImageRequest:
    asked = validate(WebImageRequest, parse_json(body), ErrorKind.PARAMETER_INVALID)
    if bool(asked.image) == bool(asked.url):
        raise ServiceError(ErrorKind.PARAMETER_INVALID, "give exactly one of image and url")
    return asked


async def _picture(
    state: State, body: Body, asked: WebImageRequest, project_id: str, deadline: Deadline
) -> bytes:
    if asked.url:
        picture = await state.fetcher.fetch(asked.url, project_id, deadline)
        body.reserve(len(picture))  # the fetcher counts it no longer
        return picture
    text = asked.image or ""
    if len(text) <= _DECODED_INLINE:
        return decode_base64(text)
    return await to_thread.run_sync(decode_base64, text, limiter=state.decoding)
