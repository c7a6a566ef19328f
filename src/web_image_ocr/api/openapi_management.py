"""Descriptions of the management API: parameters, bodies, failures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from web_image_ocr.api.openapi import (
    AUTHENTICATED,
    EITHER,
    ENVELOPE,
    OWN_TROUBLES,
    Operation,
    body_of,
)
from web_image_ocr.api.wire.codec import DEFAULT_LIMIT
from web_image_ocr.api.wire.errors import TABLE, ServiceFailure, status_title
from web_image_ocr.identity import MAX_PAGE_SIZE
from web_image_ocr.primitives.errors import ErrorKind

_ERRORS = (
    *ENVELOPE,
    ErrorKind.MANAGEMENT_REQUEST_INVALID,
    *AUTHENTICATED,
    ErrorKind.RECORD_UNKNOWN,
    ErrorKind.RECORD_CONFLICT,
    ErrorKind.QUOTA_EXCEEDED,
    ErrorKind.RATE_LIMITED,
    *OWN_TROUBLES,
)
_PASSWORD_ERRORS = (ErrorKind.LOGIN_FAILED, ErrorKind.LOGIN_LOCKED)


def management_failures(*, password: bool = False) -> dict[int | str, Operation]:
    """The failures of a call of the management API, by status.

    Args:
        password: whether the call asks for one.
    """
    return _named((*_ERRORS, *(_PASSWORD_ERRORS if password else ())))


def public_failures() -> dict[int | str, Operation]:
    """The failures of a call that asks nobody for credentials, by status."""
    return _named((ErrorKind.ORIGIN_FORBIDDEN, ErrorKind.INTERNAL))


def management_operation(
    operation_id: str, *parameters: Operation, body: type[BaseModel] | None = None
) -> Operation:
    """What the framework cannot see of a call.

    Args:
        operation_id: of the operation.
        parameters: of path and query.
        body: model of the body, if the call has one.
    """
    operation: Operation = {"operationId": operation_id, "security": EITHER}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = body_of(body)
    return operation


def in_path(name: str, description: str) -> Operation:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def in_query(name: str, description: str, **schema: Any) -> Operation:
    """A part of the query that may be absent."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


PAGE_PARAMETERS = (
    in_query(
        "limit",
        "Records of this page at most.",
        type="integer",
        minimum=1,
        maximum=MAX_PAGE_SIZE,
        default=DEFAULT_LIMIT,
    ),
    in_query("marker", "`next_marker` of the page before; absent: the first page."),
)
"""Of every call that lists records."""


def _named(kinds: Iterable[ErrorKind]) -> dict[int | str, Operation]:
    """Answers with the names of their codes: examples on so many routes would be too much."""
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
