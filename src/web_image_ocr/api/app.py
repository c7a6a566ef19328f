"""Assemble the HTTP application from its dependencies."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.middleware import AuditMiddleware, CallCounter, CallMiddleware
from web_image_ocr.api.openapi.document import describe
from web_image_ocr.api.routes import health, identity, keys, ocr, projects, service, usage, users
from web_image_ocr.api.state import State
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def create_app(dependencies: Dependencies, config: ApiConfig) -> FastAPI:
    """Return an application; several may run in one process.

    Raises:
        ValueError: a trusted proxy is not a network.
    """
    identity = dependencies.identity
    count = identity.recorder.count if identity else None
    app = _routed_app(config, authenticated=identity is not None, count=count)
    app.state.shared = State(dependencies, config)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the ``/openapi.json`` of a server with default settings."""
    return _routed_app(ApiConfig(), authenticated=True).openapi()


def _routed_app(
    config: ApiConfig, *, authenticated: bool, count: CallCounter | None = None
) -> FastAPI:
    app = FastAPI(
        title="Web Image OCR",
        openapi_url="/openapi.json" if config.openapi else None,
        # FastAPI's documentation pages load scripts from another host.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    parts = [ocr, health, service]
    if authenticated:
        parts += [identity, users, projects, keys, usage]
    for part in parts:  # not include_router(), which would build each route again
        app.router.routes.extend(part.router.routes)
    app.add_exception_handler(HTTPException, _unknown_route)
    app.add_middleware(AuditMiddleware)
    app.add_middleware(CallMiddleware, loopback_only=not authenticated, count=count)
    app.openapi = lambda: describe(app, authenticated=authenticated)  # type: ignore[method-assign]
    return app


async def _unknown_route(_request: Request, error: Exception) -> Response:
    """Raise ``ROUTE_UNKNOWN`` for an unknown path or method, as the gateway does."""
    raise ServiceError(ErrorKind.ROUTE_UNKNOWN, "no such path and method") from error
