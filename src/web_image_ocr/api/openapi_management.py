"""Descriptions of the management API: parameters, bodies, failures."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from web_image_ocr.api.openapi import (
    AUTHENTICATED,
    EITHER,
    ENVELOPE,
    OWN_TROUBLES,
    Operation,
    body_of,
    failures,
)
from web_image_ocr.api.schemas import ServiceFailure
from web_image_ocr.primitives.errors import ErrorKind

_ERRORS = (
    *ENVELOPE,
    ErrorKind.MANAGEMENT_REQUEST_INVALID,
    *AUTHENTICATED,
    ErrorKind.RECORD_UNKNOWN,
    ErrorKind.RECORD_CONFLICT,
    *OWN_TROUBLES,
)
_PASSWORD_ERRORS = (ErrorKind.LOGIN_FAILED, ErrorKind.LOGIN_LOCKED)


def management_failures(*, password: bool = False) -> dict[int | str, Operation]:
    """The failures of a call of the management API, by status.

    Args:
        password: whether the call asks for one.
    """
    kinds = (*_ERRORS, *(_PASSWORD_ERRORS if password else ()))
    return failures(kinds, ServiceFailure, identity_form=False)


def public_failures() -> dict[int | str, Operation]:
    """The failures of a call that asks nobody for credentials, by status."""
    kinds = (ErrorKind.ORIGIN_FORBIDDEN, ErrorKind.INTERNAL)
    return failures(kinds, ServiceFailure, identity_form=False)


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
