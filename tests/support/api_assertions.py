"""Assert what holds for every answer; paths and bodies of calls."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx

from web_image_ocr.api.wire.errors import wire_error
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

PROJECT = "0123456789abcdef0123456789abcdef"
IMAGE = base64.b64encode(b"any bytes: the fake recognizer does not decode them").decode()


def web_image_path(project_id: str) -> str:
    return f"/v2/{project_id}/ocr/web-image"


PATH = web_image_path(PROJECT)


SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def assert_envelope(response: httpx.Response) -> None:
    """Assert what holds for every answer: security headers, request id, JSON in UTF-8."""
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    assert response.headers["content-type"].startswith("application/json")
    response.content.decode("utf-8")


def assert_failure(
    response: httpx.Response, kind: ErrorKind, public: dict[str, str] | None = None
) -> None:
    """Assert status, body and headers of a failed call of the service."""
    row = wire_error(ServiceError(kind, public=public))
    assert_envelope(response)
    assert (response.status_code, response.text) == (row.status, response.text)
    body: dict[str, Any] = response.json()
    assert (body["error_code"], body["error_msg"]) == (row.code, row.message)
    expected = {"error_code", "error_msg"}
    if row.code.startswith("APIG."):
        expected.add("request_id")
        assert body["request_id"] == response.headers["x-request-id"]
    assert set(body) == expected
    assert ("retry-after" in response.headers) == (row.status == 429)


def assert_identity_failure(response: httpx.Response, status: int, message: str) -> None:
    """Assert status, body and headers of a failed call of the identity API."""
    titles = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
    assert_envelope(response)
    assert response.headers["x-iam-trace-id"] == response.headers["x-request-id"]
    assert response.status_code == status
    assert response.json() == {
        "error": {"code": status, "message": message, "title": titles[status]}
    }
