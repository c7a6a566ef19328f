"""Build the OpenAPI document of the routes that an application serves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web_image_ocr import __version__
from web_image_ocr.api.openapi.operations import Operation
from web_image_ocr.api.wire.identity import AuthRequest
from web_image_ocr.api.wire.management import MANAGEMENT_REQUESTS
from web_image_ocr.api.wire.web_image import WebImageRequest

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
        "description": "`SDK-HMAC-SHA256 Authorizer=…, SignedHeaders=…, Signature=…` with "
        "`X-Sdk-Date`, and with `X-Security-Token` for a temporary key. "
        "Takes precedence over a token.",
    },
}


def describe(app: FastAPI, *, authenticated: bool) -> dict[str, Any]:
    """Return the OpenAPI document of an application; built once."""
    if app.openapi_schema is None:
        for route in app.routes:
            if isinstance(route, APIRoute):
                route.operation_id = route.operation_id or route.name
        document = get_openapi(
            title=app.title,
            version=__version__,
            summary="Self-hosted text recognition with the Web Image OCR call of Huawei Cloud.",
            routes=app.routes,
        )
        bodies: list[type[BaseModel]] = [WebImageRequest]
        if authenticated:
            bodies += [AuthRequest, *MANAGEMENT_REQUESTS]
            document["components"]["securitySchemes"] = _SECURITY_SCHEMES
        for operations in document["paths"].values():
            for operation in operations.values():
                _complete(operation, authenticated=authenticated)
        document["components"]["schemas"].update(_schemas(bodies))
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: Operation, *, authenticated: bool) -> None:
    """Add the common response header; drop credentials if the server needs none."""
    if not authenticated:
        operation.pop("security", None)
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-Id"] = {
            "description": "Id of the call in the server's log, 32 hex digits.",
            "schema": {"type": "string"},
        }


def _schemas(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
