"""Describe operations of the OpenAPI document: parameters, bodies, credentials.

Routes do not use FastAPI's typed bodies and parameters. FastAPI would read and parse a body before
the caller is authenticated and memory is reserved for it. It would also answer invalid values in
its own form.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from web_image_ocr.api.wire.codec import DEFAULT_LIMIT
from web_image_ocr.identity import MAX_PAGE_SIZE

Operation = dict[str, Any]
Parameter = dict[str, Any]
Security = list[dict[str, list[str]]]

TOKEN: Security = [{"token": []}]
TOKEN_OR_NONE: Security = [{}, *TOKEN]
TOKEN_OR_SIGNATURE: Security = [*TOKEN, {"signature": []}]


def operation(
    *parameters: Parameter,
    body: type[BaseModel] | None = None,
    security: Security = TOKEN_OR_SIGNATURE,
    **more: Any,
) -> Operation:
    """Return the parts of an operation that FastAPI cannot derive.

    Args:
        parameters: of path, query and headers.
        body: model of the request body, if the call has one.
        security: accepted credentials.
        more: other keys of the operation.
    """
    described: Operation = {"security": security, **more}
    if parameters:
        described["parameters"] = list(parameters)
    if body is not None:
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def in_path(name: str, description: str) -> Parameter:
    """Return a path parameter."""
    return _parameter(name, "path", description, required=True)


def in_header(name: str, description: str) -> Parameter:
    """Return a required header."""
    return _parameter(name, "header", description, required=True)


def in_query(name: str, description: str, **schema: Any) -> Parameter:
    """Return an optional query parameter; ``schema`` describes other types than a string."""
    return _parameter(name, "query", description, required=False, **schema)


def page_parameters(default: int = DEFAULT_LIMIT) -> tuple[Parameter, Parameter]:
    """Return the query parameters of a call that lists records."""
    return (
        in_query(
            "limit",
            "Maximum number of records of this page.",
            type="integer",
            minimum=1,
            maximum=MAX_PAGE_SIZE,
            default=default,
        ),
        in_query("marker", "Marker of the page, from the previous page; absent: the first page."),
    )


def _parameter(
    name: str, place: str, description: str, *, required: bool, **schema: Any
) -> Parameter:
    schema = {"type": "string", **schema}
    parameter = {"name": name, "in": place, "description": description, "schema": schema}
    return {**parameter, "required": True} if required else parameter
