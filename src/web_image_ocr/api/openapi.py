"""The description of what is really served.

Bodies are read by hand (size limits and the order of checks ask for it), so the framework
cannot find them in the signatures of the routes; they are named here, from the very
models and the error table that the routes use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web_image_ocr import __version__
from web_image_ocr.api.wire.errors import (
    IdentityFailure,
    ServiceFailure,
    error_body,
    status_title,
    wire_error,
)
from web_image_ocr.api.wire.identity import AuthRequest
from web_image_ocr.api.wire.management import MANAGEMENT_REQUESTS
from web_image_ocr.api.wire.web_image import WebImageRequest
from web_image_ocr.identity import MAX_PAGE_SIZE
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_REQUEST_ID = "0123456789abcdef0123456789abcdef"

_EXAMPLE_VALUES = {
    "expires_at": "2026-01-04T09:05:22.000000Z",
    "limit": "100",
    "time": "1 minute",
    "reason": "what is wrong",
}

AUTHENTICATED = (
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

ENVELOPE = (ErrorKind.URI_TOO_LONG, ErrorKind.HEADERS_TOO_LARGE)

OWN_TROUBLES = (ErrorKind.OVERLOADED, ErrorKind.DATABASE_UNAVAILABLE, ErrorKind.INTERNAL)

_SERVICE_ERRORS = (
    *ENVELOPE,
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
    *AUTHENTICATED,
    ErrorKind.TOKEN_WITHOUT_PROJECT,
    ErrorKind.PROJECT_FORBIDDEN,
    ErrorKind.NOT_SUBSCRIBED,
    ErrorKind.RATE_LIMITED,
    ErrorKind.DEADLINE_EXCEEDED,
    ErrorKind.RECOGNITION_FAILED,
    ErrorKind.ENGINE_UNAVAILABLE,
    *OWN_TROUBLES,
)

_IDENTITY_ERRORS = (
    *ENVELOPE,
    ErrorKind.IDENTITY_REQUEST_INVALID,
    ErrorKind.LOGIN_FAILED,
    ErrorKind.LOGIN_LOCKED,
    ErrorKind.SUBJECT_TOKEN_INVALID,
    *AUTHENTICATED,
    ErrorKind.RATE_LIMITED,
    *OWN_TROUBLES,
)

_SECURITY_SCHEMES = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Auth-Token",
        "description": "The `X-Subject-Token` of `POST /v3/auth/tokens`.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…` with "
        "`X-Sdk-Date`, and with `X-Security-Token` for a temporary key. "
        "Decides where a token is sent as well.",
    },
}

EITHER: list[dict[str, list[str]]] = [{"token": []}, {"signature": []}]
_TOKEN_ONLY: list[dict[str, list[str]]] = [{"token": []}]

Operation = dict[str, Any]


def describe(app: FastAPI, *, authenticated: bool) -> dict[str, Any]:
    """The OpenAPI document of an application; made once.

    Args:
        app: with all its routes.
        authenticated: whether callers must show credentials.
    """
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=__version__,
            summary="Reads the text of web pictures, as the cloud's Web Image OCR call does.",
            routes=app.routes,
        )
        bodies: list[type[BaseModel]] = [WebImageRequest]
        if authenticated:
            bodies += [AuthRequest, *MANAGEMENT_REQUESTS]
            document["components"]["securitySchemes"] = _SECURITY_SCHEMES
        for operations in document["paths"].values():
            for operation in operations.values():
                _finish(operation, authenticated=authenticated)
        document["components"]["schemas"].update(_request_schemas(bodies))
        app.openapi_schema = document
    return app.openapi_schema


def _finish(operation: Operation, *, authenticated: bool) -> None:
    """Add what all operations share, drop what this server does not ask for."""
    if not authenticated:
        operation.pop("security", None)
    for answer in operation["responses"].values():
        answer.setdefault("headers", {})["X-Request-Id"] = {
            "description": "Finds the call in the server's log; 32 hex digits.",
            "schema": {"type": "string"},
        }


def service_failures() -> dict[int | str, Operation]:
    """The failures of a call of the service, by status, with an example for each kind."""
    return _failures(_SERVICE_ERRORS, ServiceFailure, identity_form=False)


def identity_failures() -> dict[int | str, Operation]:
    """The failures of a call of the identity API, likewise."""
    return _failures(_IDENTITY_ERRORS, IdentityFailure, identity_form=True)


def web_image_operation() -> Operation:
    """Path, body and credentials of the call of the service."""
    return {
        "operationId": "web_image",
        "parameters": [
            {
                "name": "project_id",
                "in": "path",
                "required": True,
                "description": "The project that calls, 32 hex digits.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": body_of(WebImageRequest),
        "security": EITHER,
    }


def authentication_operation() -> Operation:
    """Query and body of the call for a token."""
    return {
        "operationId": "issue_token",
        "parameters": [_NOCATALOG],
        "requestBody": body_of(AuthRequest),
        "security": [{}, *_TOKEN_ONLY],
        "responses": {"201": {"headers": _SUBJECT_TOKEN}},
    }


def inspection_operation(operation_id: str) -> Operation:
    """Headers of the calls that ask about a token."""
    return {
        "operationId": operation_id,
        "parameters": [_SUBJECT, _NOCATALOG],
        "security": _TOKEN_ONLY,
        "responses": {"200": {"headers": _SUBJECT_TOKEN}},
    }


def ending_operation() -> Operation:
    """Headers of the call that ends a token."""
    return {"operationId": "end_token", "parameters": [_SUBJECT], "security": _TOKEN_ONLY}


def projects_operation() -> Operation:
    """Query of the project look-up."""
    name = {
        "name": "name",
        "in": "query",
        "description": "Exact name, usually that of a region; absent lists all.",
        "schema": {"type": "string"},
    }
    limit = {
        "name": "limit",
        "in": "query",
        "description": "Projects of this page at most.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_PAGE_SIZE,
            "default": MAX_PAGE_SIZE,
        },
    }
    marker = {
        "name": "marker",
        "in": "query",
        "description": "Where the page begins; `links.next` of the page before holds it.",
        "schema": {"type": "string"},
    }
    return {"operationId": "projects", "parameters": [name, limit, marker], "security": EITHER}


def temporary_key_operation() -> Operation:
    """Body of the call for a temporary key."""
    return {
        "operationId": "issue_temporary_key",
        "requestBody": body_of(AuthRequest),
        "security": [{}, *_TOKEN_ONLY],
    }


_SUBJECT_TOKEN = {"X-Subject-Token": {"description": "The token.", "schema": {"type": "string"}}}

_SUBJECT = {
    "name": "X-Subject-Token",
    "in": "header",
    "required": True,
    "description": "The token that is meant.",
    "schema": {"type": "string"},
}

_NOCATALOG = {
    "name": "nocatalog",
    "in": "query",
    "description": "Accepted; the catalog is empty either way.",
    "schema": {"type": "string"},
}


def body_of(model: type[BaseModel]) -> Operation:
    """A body that must be there."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _request_schemas(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _failures(
    kinds: Iterable[ErrorKind], model: type[BaseModel], *, identity_form: bool
) -> dict[int | str, Operation]:
    """Answers by status, with an example for each kind."""
    answers: dict[int | str, Operation] = {}
    for kind in kinds:
        row = wire_error(ServiceError(kind, public=_EXAMPLE_VALUES))
        answer = answers.setdefault(
            row.status,
            {
                "model": model,
                "description": status_title(row.status),
                "content": {"application/json": {"examples": {}}},
            },
        )
        body = error_body(row, request_id=_REQUEST_ID, identity_form=identity_form)
        answer["content"]["application/json"]["examples"][kind.value] = {"value": body}
    return dict(sorted(answers.items(), key=lambda item: int(item[0])))
