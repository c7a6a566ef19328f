"""Decode and encode what all calls share: JSON, query parameters, timing headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.identity import MAX_PAGE_SIZE, PageRequest
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

JSON_TYPE = "application/json;charset=UTF-8"

DEFAULT_LIMIT = 100
"""Records of a page of the management API without ``limit``."""

PAGE_QUERY = frozenset({"limit", "marker"})
"""Query parameters of calls that list records."""


class Wire(BaseModel):
    """Base of all wire models: strict types, unknown keys ignored, no values in its errors.

    The docstrings and descriptions of wire models are part of the OpenAPI document.
    """

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True, frozen=True)


_Model = TypeVar("_Model", bound=Wire)

_MAX_SYMBOLS = 10_000
"""Limit on commas and opening brackets of a body: each may cost an object. Base64 has none, a
normal call about ten. Parsing 6 MB of ``[0],`` would block the event loop for 0.8 s."""


def parse_json(body: bytes) -> object:
    """Return the value of a JSON text in UTF-8; the last one of repeated keys wins.

    Raises:
        ServiceError: ``JSON_INVALID``, also for ``NaN``, ``Infinity`` and for a text with
            more than 10,000 commas and opening brackets.
    """
    if _has_too_many_symbols(body):
        raise ServiceError(ErrorKind.JSON_INVALID, "the body has far too many values")
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ServiceError(ErrorKind.JSON_INVALID, "the body is not JSON") from None
    return value


def _has_too_many_symbols(body: bytes) -> bool:
    """Return whether the body has more than ``_MAX_SYMBOLS`` commas and opening brackets.

    ``find`` in a loop takes a tenth of the time of ``count`` on a long text with few matches,
    and stops at the limit.
    """
    seen = 0
    for symbol in (b"[", b"{", b","):
        position = body.find(symbol)
        while position >= 0:
            seen += 1
            if seen > _MAX_SYMBOLS:
                return True
            position = body.find(symbol, position + 1)
    return False


def validate(model: type[_Model], value: object, kind: ErrorKind) -> _Model:
    """Return a wire model from parsed JSON.

    Raises:
        ServiceError: ``kind`` if the value does not fit; the detail names fields and rules,
            never values.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        rules = ", ".join(
            f"{_field_name(problem)}: {problem['type']}"
            for problem in error.errors(
                include_url=False, include_context=False, include_input=False
            )[:5]
        )
        raise ServiceError(kind, f"the body does not fit: {rules}") from None


def _field_name(problem: Mapping[str, Any]) -> str:
    location = problem["loc"]
    if problem["type"] == "extra_forbidden":  # the caller's own name may hold a secret
        location = location[:-1]
    return ".".join(str(part) for part in location) or "body"


def json_response(value: object, status: int = 200) -> Response:
    """Return a response with a JSON body in UTF-8."""
    return Response(orjson.dumps(value), status, headers={"content-type": JSON_TYPE})


def wire_time(moment: datetime) -> str:
    """Return a time in UTC with microseconds: ``2026-01-15T09:30:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def server_timing(timings: Mapping[str, float]) -> str:
    """Return the ``Server-Timing`` header for seconds by stage."""
    return ", ".join(f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in timings.items())


def query_parameters(request: Request, names: frozenset[str]) -> Mapping[str, str]:
    """Return the query of a management call.

    Raises:
        ServiceError: ``MANAGEMENT_REQUEST_INVALID`` for an unknown or repeated parameter.
    """
    query = request.query_params
    if len(query.multi_items()) != len(query) or not query.keys() <= names:
        raise ServiceError(
            ErrorKind.MANAGEMENT_REQUEST_INVALID, "a parameter is unknown or stands twice"
        )
    return query


def requested_page(query: Mapping[str, str], default: int = DEFAULT_LIMIT) -> PageRequest:
    """Return the page that a query asks for.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` unless the limit is 1 to 1,000.
    """
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE_SIZE))):
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID, f"limit must be a number from 1 to {MAX_PAGE_SIZE}"
        )
    return PageRequest(limit=int(text), marker=query.get("marker") or None)
