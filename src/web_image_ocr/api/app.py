"""The HTTP application, put together from what it is given."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.audit import Audited
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.middleware import CallCounter, Calls
from web_image_ocr.api.openapi import describe
from web_image_ocr.api.routes import (
    account,
    health,
    identity,
    keys,
    ocr,
    projects,
    service,
    usage,
    users,
)
from web_image_ocr.api.state import State
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def create_app(dependencies: Dependencies, config: ApiConfig) -> FastAPI:
    """The application; several may live in one process.

    Args:
        dependencies: what the routes work with; whoever made them closes them.
        config: limits.

    Raises:
        ValueError: a trusted proxy is no network.
    """
    identity = dependencies.identity
    count = identity.recorder.count if identity else None
    app = _routed_app(config, authenticated=identity is not None, count=count)
    app.state.services = State(dependencies, config)
    return app


def openapi_document() -> dict[str, Any]:
    """What a server with default settings serves at ``/openapi.json``."""
    return _routed_app(ApiConfig(), authenticated=True).openapi()


def _routed_app(
    config: ApiConfig, *, authenticated: bool, count: CallCounter | None = None
) -> FastAPI:
    app = FastAPI(
        title="Web Image OCR",
        openapi_url="/openapi.json" if config.openapi else None,
        # FastAPI's pages load scripts from another host.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    parts = [ocr, health, service]  # a route is looked for in this order
    if authenticated:
        parts += [identity, account, projects, keys, users, usage]
    for part in parts:  # as they are: include_router() would build each again for each application
        app.router.routes.extend(part.router.routes)
    app.add_exception_handler(HTTPException, _unknown_route)
    app.add_middleware(Audited)
    app.add_middleware(Calls, loopback_only=not authenticated, count=count)
    app.openapi = lambda: describe(app, authenticated=authenticated)  # type: ignore[method-assign]
    return app


async def _unknown_route(_request: Request, error: Exception) -> Response:
    """Whatever the router refuses, by path or by method, is unknown to the gateway."""
    raise ServiceError(ErrorKind.ROUTE_UNKNOWN, "no such path and method") from error
