"""Wrap every call: request id, security headers, call log, audit trail, errors as JSON."""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from collections.abc import Callable, Iterable
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web_image_ocr.api.limits.bodies import ClientGoneError
from web_image_ocr.api.limits.request_head import check_loopback, check_refusal
from web_image_ocr.api.wire.codec import server_timing
from web_image_ocr.api.wire.errors import error_response, wire_error
from web_image_ocr.primitives.audit import CHANGE_REFUSED, AuditContext, audit_scope
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_log = structlog.stdlib.get_logger("web_image_ocr.api")

_PROJECT_ID = re.compile(r"[0-9a-f]{32}")
_CLIENT_GONE = 499
"""Status in the log when the client closed the connection, as nginx writes it."""
_HEADERS = (
    # Answers hold tokens, keys and texts of images: no cache may store them.
    (b"cache-control", b"no-store"),
    # Answers are data: a browser must not run, load or embed anything.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""Security headers of every answer that does not set its own."""
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
"""HSTS for one year, sent over HTTPS only."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that may appear in the log; others are arbitrary text of the client."""
_PROBES = frozenset({"/healthz", "/readyz"})
"""Health checks, logged at debug level while they succeed."""
_CONSOLE_FILES = "/console/"
"""Files of the console, logged at debug level: a browser loads about 30 at once."""

Header = tuple[bytes, bytes]
CallCounter = Callable[[str, int, str, float], None]
"""Count one call: project id, HTTP status, error code or "", seconds."""

_COUNTED_FOR = "counted_for"
_CHANGE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ACCOUNT_PATHS = ("/v1/", "/v3/", "/v3.0/")


def count_for_project(scope: Scope, project_id: str) -> None:
    """Have ``CallMiddleware`` count this call for the project, whatever its outcome."""
    scope.setdefault("state", {})[_COUNTED_FOR] = project_id


class AuditMiddleware:
    """Set the audit context of each call, as a pure ASGI layer of the application.

    Identity records most events itself. This layer records changes that an authenticated caller
    was refused before identity was called, for instance for the role.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = AuditContext(client=lambda: scope["app"].state.shared.network(scope))
        with audit_scope(context):
            try:
                await self._app(scope, receive, send)
            except ServiceError as error:
                if context.actor and _is_change(scope):
                    change = getattr(scope.get("route"), "name", "")
                    context.record(CHANGE_REFUSED, error.kind.value, change=change)
                raise


def _is_change(scope: Scope) -> bool:
    return scope["method"] in _CHANGE_METHODS and scope["path"].startswith(_ACCOUNT_PATHS)


class CallMiddleware:
    """Wrap the whole application, as a pure ASGI layer.

    Give each call an ``X-Request-Id`` and security headers, turn every exception into an error
    of the cloud API, and log each call once.

    Args:
        app: the next layer.
        loopback_only: refuse calls from other sites and by other host names than loopback.
        count: called at the end of each call of an authenticated project.
    """

    def __init__(
        self, app: ASGIApp, *, loopback_only: bool, count: CallCounter | None = None
    ) -> None:
        self._app = app
        self._loopback_only = loopback_only
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; never raise for an HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send)
        with structlog.contextvars.bound_contextvars(request_id=call.request_id):
            try:
                check_refusal(scope)
                if self._loopback_only:
                    check_loopback(scope)
                await self._app(scope, call.receive, call.send)
            except ClientGoneError:
                call.status = _CLIENT_GONE
            except ServiceError as error:
                await call.answer(error)
            except asyncio.CancelledError:  # by graceful shutdown only
                await call.answer(
                    ServiceError(ErrorKind.ENGINE_UNAVAILABLE, "the server stopped before the end")
                )
            except Exception as error:  # noqa: BLE001 - answer 500 in any case
                _log.error("unexpected", error=type(error).__name__, frames=_frames(error))
                await call.answer(ServiceError(ErrorKind.INTERNAL, type(error).__name__))
            finally:
                call.record()
                if self._count:
                    call.count(self._count)


class _Call:
    """Track one request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request_id = uuid4().hex
        self.status = 0
        self._scope = scope
        self._receive = receive
        self._send = send
        self._started_at = time.perf_counter()
        self._error: ServiceError | None = None
        self._bytes_in = 0
        self._bytes_out = 0
        self._is_identity = scope["path"].startswith("/v3")

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = self._headers(message["headers"])
            self.status = message["status"]
        else:
            self._bytes_out += len(message.get("body", b""))
        await self._send(message)

    def _headers(self, own: Iterable[Header]) -> list[Header]:
        """Return the response headers with the common ones added."""
        total = ", " + server_timing({"total": self._seconds()})
        headers = [
            (name, value + total.encode() if name == b"server-timing" else value)
            for name, value in own
        ]
        names = {name for name, _ in headers}
        headers += [header for header in _HEADERS if header[0] not in names]
        request_id = self.request_id.encode()
        headers.append((b"x-request-id", request_id))
        if self._is_identity:
            headers.append((b"x-iam-trace-id", request_id))
        if self._scope["scheme"] == "https":
            headers.append(_HTTPS_ONLY)
        return headers

    async def answer(self, error: ServiceError) -> None:
        """Send the response of an error, unless a response has been started."""
        self._error = error
        if self.status:
            return
        response = error_response(
            error,
            request_id=self.request_id,
            identity_form=self._is_identity and error.kind is not ErrorKind.ROUTE_UNKNOWN,
        )
        await response(self._scope, self._receive, self.send)

    def record(self) -> None:
        """Log the call: ids, sizes, codes and times only; at warning level for status 5xx."""
        route = self._scope.get("route")
        path = getattr(route, "path", "")
        method = self._scope["method"]
        quiet = path in _PROBES or path.startswith(_CONSOLE_FILES)
        level = _log.debug if quiet else _log.info
        log = _log.warning if self.status >= 500 else level
        project_id = self._scope.get("path_params", {}).get("project_id", "")
        error = self._error
        log(
            "call",
            method=method if route and method in _METHODS else "",
            route=path,
            status=self.status,
            code=wire_error(error).code if error else "",
            error=error.kind.value if error else "",
            reason=error.detail if error else "",
            project_id=project_id if _PROJECT_ID.fullmatch(project_id) else "",
            bytes_in=self._bytes_in,
            bytes_out=self._bytes_out,
            milliseconds=round(self._seconds() * 1000, 1),
        )

    def count(self, count: CallCounter) -> None:
        """Count the call if ``count_for_project`` marked it."""
        project_id: str | None = self._scope.get("state", {}).get(_COUNTED_FOR)
        if project_id:
            code = wire_error(self._error).code if self._error else ""
            count(project_id, self.status, code, self._seconds())

    def _seconds(self) -> float:
        return time.perf_counter() - self._started_at


def _frames(error: BaseException) -> list[str]:
    """Return the stack frames without the message, which may hold a caller's values."""
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
