"""Around every call: its id, its headers, its record in the log, and an answer in any case."""

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
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_log = structlog.stdlib.get_logger("web_image_ocr.api")

_PROJECT_ID = re.compile(r"[0-9a-f]{32}")
_CLIENT_GONE = 499
"""Status in the log where no answer was sent, after a widespread habit of proxies."""
_HEADERS = (
    # Answers hold tokens, keys and texts of images; nothing between us and the caller keeps one.
    (b"cache-control", b"no-store"),
    # Answers are data: a browser that shows one runs, loads and embeds nothing.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""On every answer that does not say otherwise itself, as a page with a policy of its own does."""
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
"""For a year browsers call this host name by HTTPS alone; only said by HTTPS."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are words of the client's own choice, which the log does not repeat."""
_PROBES = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds: as long as all is well they would be most of the log."""
_PAGE_PARTS = "/console/"
"""Some thirty of them are asked for at once when a browser opens the console."""

Header = tuple[bytes, bytes]
CallCounter = Callable[[str, int, str, float], None]
"""Told of each call of a proved caller: project, status, code of the failure or "", seconds."""


class Calls:
    """The outermost layer of the application, pure ASGI.

    Gives each call an ``X-Request-Id`` of our own and its answer the security headers, turns
    every exception into an answer of the contract's form, and writes one record to the log.

    Args:
        app: what is inside.
        loopback_only: whether calls that are not from this machine's own programs and pages
            are refused.
        count: told of each call whose caller was proved for the project, at its end.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        loopback_only: bool,
        count: CallCounter | None = None,
    ) -> None:
        self._app = app
        self._loopback_only = loopback_only
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; never raises for an HTTP request."""
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
            except asyncio.CancelledError:  # only a server that is stopping cancels a call
                await call.answer(
                    ServiceError(ErrorKind.ENGINE_UNAVAILABLE, "the server stopped before the end")
                )
            except Exception as error:  # noqa: BLE001 - the last line of defence
                _log.error("unexpected", error=type(error).__name__, frames=_frames(error))
                await call.answer(ServiceError(ErrorKind.INTERNAL, type(error).__name__))
            finally:
                call.record()
                if self._count:
                    call.count(self._count)


class _Call:
    """One request on its way through."""

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
        """Return the headers of an answer and those of every answer."""
        total = ", " + server_timing({"total": self._seconds()})
        headers = [
            (name, value + total.encode() if name == b"server-timing" else value)
            for name, value in own
        ]
        names = {name for name, _ in headers}
        headers += [one for one in _HEADERS if one[0] not in names]
        request_id = self.request_id.encode()
        headers.append((b"x-request-id", request_id))
        if self._is_identity:
            headers.append((b"x-iam-trace-id", request_id))
        if self._scope["scheme"] == "https":
            headers.append(_HTTPS_ONLY)
        return headers

    async def answer(self, error: ServiceError) -> None:
        """Send the answer for a failure, unless another answer is on its way."""
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
        """One line in the log: ids, sizes, codes and times only; a warning if it is our fault."""
        route = self._scope.get("route")
        path = getattr(route, "path", "")
        method = self._scope["method"]
        quiet = path in _PROBES or path.startswith(_PAGE_PARTS)
        usual = _log.debug if quiet else _log.info
        log = _log.warning if self.status >= 500 else usual
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
        """Count the call, if it is one of a project that has been proved to be the caller's."""
        project_id: str | None = self._scope.get("state", {}).get("counted_for")
        if project_id:
            code = wire_error(self._error).code if self._error else ""
            count(project_id, self.status, code, self._seconds())

    def _seconds(self) -> float:
        return time.perf_counter() - self._started_at


def _frames(error: BaseException) -> list[str]:
    """Where it was raised, without the message, which may hold a caller's values."""
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
