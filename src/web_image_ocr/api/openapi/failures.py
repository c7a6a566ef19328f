"""Describe the failures of each API, from the error table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from web_image_ocr.api.wire.errors import (
    TABLE,
    IdentityFailure,
    ServiceFailure,
    error_body,
    status_title,
    wire_error,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_REQUEST_ID = "0123456789abcdef0123456789abcdef"

_EXAMPLE_VALUES = {
    "expires_at": "2026-01-04T09:05:22.000000Z",
    "limit": "100",
    "time": "1 minute",
    "reason": "what is wrong",
}

_AUTHENTICATION = (
    ErrorKind.CREDENTIALS_MISSING,
    ErrorKind.TOKEN_UNREADABLE,
    ErrorKind.TOKEN_EXPIRED,
    ErrorKind.TOKEN_REVOKED,
    ErrorKind.SIGNATURE_INVALID,
    ErrorKind.SIGNATURE_EXPIRED,
    ErrorKind.KEY_UNKNOWN,
    ErrorKind.KEY_LOCKED,
    ErrorKind.ROLE_FORBIDDEN,
)

_REQUEST_HEAD = (ErrorKind.URI_TOO_LONG, ErrorKind.HEADERS_TOO_LARGE)

_SERVER = (ErrorKind.OVERLOADED, ErrorKind.DATABASE_UNAVAILABLE, ErrorKind.INTERNAL)

_WEB_IMAGE = (
    *_REQUEST_HEAD,
    ErrorKind.ROUTE_UNKNOWN,
    ErrorKind.BODY_TOO_LARGE,
    ErrorKind.ORIGIN_FORBIDDEN,
    ErrorKind.JSON_INVALID,
    ErrorKind.PARAMETER_INVALID,
    ErrorKind.IMAGE_TEXT_TOO_LONG,
    ErrorKind.FORMAT_UNSUPPORTED,
    ErrorKind.IMAGE_SIZE,
    ErrorKind.SOURCE_FORBIDDEN,
    ErrorKind.SOURCE_UNREACHABLE,
    ErrorKind.STORAGE_KEY_REFUSED,
    ErrorKind.STORAGE_URL_INVALID,
    ErrorKind.STORAGE_FORBIDDEN,
    ErrorKind.STORAGE_UNREACHABLE,
    ErrorKind.STORAGE_OBJECT_SIZE,
    ErrorKind.STORAGE_OBJECT_MISSING,
    *_AUTHENTICATION,
    ErrorKind.TOKEN_WITHOUT_PROJECT,
    ErrorKind.PROJECT_FORBIDDEN,
    ErrorKind.NOT_SUBSCRIBED,
    ErrorKind.RATE_LIMITED,
    ErrorKind.DEADLINE_EXCEEDED,
    ErrorKind.RECOGNITION_FAILED,
    ErrorKind.ENGINE_UNAVAILABLE,
    *_SERVER,
)

_IDENTITY = (
    *_REQUEST_HEAD,
    ErrorKind.IDENTITY_REQUEST_INVALID,
    ErrorKind.LOGIN_FAILED,
    ErrorKind.LOGIN_LOCKED,
    ErrorKind.SUBJECT_TOKEN_INVALID,
    *_AUTHENTICATION,
    ErrorKind.RATE_LIMITED,
    *_SERVER,
)

_MANAGEMENT = (
    *_REQUEST_HEAD,
    ErrorKind.MANAGEMENT_REQUEST_INVALID,
    *_AUTHENTICATION,
    ErrorKind.RECORD_UNKNOWN,
    ErrorKind.RECORD_CONFLICT,
    ErrorKind.QUOTA_EXCEEDED,
    ErrorKind.RATE_LIMITED,
    *_SERVER,
)

Responses = dict[int | str, dict[str, Any]]
"""Responses of an operation by HTTP status."""


def web_image_failures() -> Responses:
    """Return the failures of a Web Image OCR call, with an example for each kind."""
    return _with_examples(_WEB_IMAGE, ServiceFailure, identity_form=False)


def identity_failures() -> Responses:
    """Return the failures of an identity call, with an example for each kind."""
    return _with_examples(_IDENTITY, IdentityFailure, identity_form=True)


def management_failures(*more: ErrorKind) -> Responses:
    """Return the failures of a management call, and those of ``more`` kinds."""
    return _with_codes((*_MANAGEMENT, *more))


def public_failures() -> Responses:
    """Return the failures of a call without authentication."""
    return _with_codes((ErrorKind.ORIGIN_FORBIDDEN, ErrorKind.INTERNAL))


def _with_examples(
    kinds: Iterable[ErrorKind], model: type[BaseModel], *, identity_form: bool
) -> Responses:
    responses: Responses = {}
    for kind in kinds:
        row = wire_error(ServiceError(kind, public=_EXAMPLE_VALUES))
        response = responses.setdefault(
            row.status,
            {
                "model": model,
                "description": status_title(row.status),
                "content": {"application/json": {"examples": {}}},
            },
        )
        body = error_body(row, request_id=_REQUEST_ID, identity_form=identity_form)
        response["content"]["application/json"]["examples"][kind.value] = {"value": body}
    return dict(sorted(responses.items(), key=lambda item: int(item[0])))


def _with_codes(kinds: Iterable[ErrorKind]) -> Responses:
    """Return responses with error codes only: examples on so many routes are too long."""
    codes: dict[int, set[str]] = {}
    for kind in kinds:
        row = TABLE[kind]
        codes.setdefault(row.status, set()).add(f"`{row.code}`")
    return {
        status: {
            "model": ServiceFailure,
            "description": f"{status_title(status)}: {', '.join(sorted(codes[status]))}",
        }
        for status in sorted(codes)
    }
