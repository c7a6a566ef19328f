"""Serve one request by one call of the ASGI application."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import FlowControl

_log = logging.getLogger(__name__)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"connection: close\r\n"
_BODILESS_STATUSES = frozenset({204, 304})
Header = tuple[bytes, bytes]


class ClientConnection(Protocol):
    """Represent the connection that a request came on."""

    transport: asyncio.Transport
    flow: FlowControl

    def on_body_wanted(self) -> None:
        """Resume reading, if it was paused for this request."""

    def on_response_complete(self, cycle: RequestCycle) -> None:
        """Continue with the next request, or close."""


class RequestCycle:
    """Serve a request: pass its body to the application, and the answer to the connection.

    Args:
        connection: that the request came on.
        scope: ASGI scope of the request.
        default_headers: of every answer; may be replaced until the answer starts.
        keep_alive: whether the connection stays open after the answer.
        head_bytes: size of the request line and headers.

    Attributes:
        body: received part of the body that the application has not read yet.
        more_body: whether more of the body is to come.
        disconnected: whether the client has disconnected.
        response_started: whether the application has started to answer.
        response_complete: whether the application has finished its answer.
    """

    def __init__(
        self,
        connection: ClientConnection,
        scope: Scope,
        *,
        default_headers: list[Header],
        keep_alive: bool,
        head_bytes: int,
    ) -> None:
        self.scope = scope
        self.default_headers = default_headers
        self.keep_alive = keep_alive
        self.head_bytes = head_bytes
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.message_event = asyncio.Event()
        self._connection = connection
        self._head = b""  # sent in one packet with the first part of the body
        self._is_chunked = False
        self._is_first_receive = True

    async def run(self, app: ASGIApp) -> None:
        """Call the application; abort the connection if it does not answer."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:  # noqa: BLE001 - asyncio must not see it
            _log.exception("the application failed")
        finally:
            if not self.response_complete and not self.disconnected:
                self._connection.transport.abort()

    async def receive(self) -> Message:
        """Return the next part of the body, or a disconnect message."""
        if self._is_first_receive:
            self._is_first_receive = False
            if self.more_body and not self.body and self._waits_for_continue():
                self._connection.transport.write(_CONTINUE)
        if not self.disconnected and not self.response_complete:
            self._connection.on_body_wanted()
            await self.message_event.wait()
            self.message_event.clear()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """Write a part of the answer; wait while the write buffer is full (back-pressure)."""
        if self._connection.flow.write_paused and not self.disconnected:
            await self._connection.flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message)
        else:
            self._continue(message.get("body", b""), more=message.get("more_body", False))

    def disconnect(self) -> None:
        """Tell the application that the client has disconnected."""
        self.disconnected = True
        self.message_event.set()

    def _begin(self, message: Message) -> None:
        status: int = message["status"]
        headers: list[Header] = [*self.default_headers, *message["headers"]]
        names = {name for name, _ in headers}
        if self.more_body:  # its rest is not read
            self.keep_alive = False
        parts = [_STATUS_LINES[status]]
        for name, value in headers:
            if b"\n" in value or b"\r" in value:  # response splitting
                raise ValueError("a response header contains a line break")
            parts += (name, b": ", value, b"\r\n")
        if b"connection" in names:
            self.keep_alive = False  # its only value here is "close"
        elif not self.keep_alive:
            parts.append(_CLOSE)
        has_length = b"content-length" in names or not self._may_have_body(status)
        if not has_length and self.scope["http_version"] == "1.1":
            self._is_chunked = True
            parts.append(b"transfer-encoding: chunked\r\n")
        parts.append(b"\r\n")
        self._head = b"".join(parts)
        self.response_started = True

    def _waits_for_continue(self) -> bool:
        return any(
            name == b"expect" and value.lower() == b"100-continue"
            for name, value in self.scope["headers"]
        )

    def _may_have_body(self, status: int) -> bool:
        return self.scope["method"] != "HEAD" and status not in _BODILESS_STATUSES

    def _continue(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        if self._is_chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (
                b"" if more else b"0\r\n\r\n"
            )
        if self._head or body:
            self._connection.transport.write(self._head + body)
            self._head = b""
        if not more:
            self.response_complete = True
            self.message_event.set()
            self._connection.on_response_complete(self)


async def bad_request(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer, as an ASGI application, a request that is not HTTP."""
    body = b"Invalid HTTP request received."
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # such as 494, which only the API gateway uses
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


_STATUS_LINES = {status: _status_line(status) for status in range(200, 600)}
