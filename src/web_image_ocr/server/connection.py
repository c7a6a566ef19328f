"""Speak HTTP/1.1 on one connection: parse, serve pipelined requests in order, close."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from web_image_ocr.api.limits.request_head import mark_refused
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.server import timeouts
from web_image_ocr.server.body_drain import BodyDrain
from web_image_ocr.server.connection_limit import ConnectionLimit, ThrottledWarning
from web_image_ocr.server.http_config import HttpConfig
from web_image_ocr.server.parser import FEED_BYTES, RequestParser
from web_image_ocr.server.request_cycle import RequestCycle, bad_request
from web_image_ocr.server.request_head import BadRequestError, RequestHead
from web_image_ocr.server.timeouts import Timeout

BYTES_PER_TURN = 64 * 1024
"""Parsed in one turn of the event loop, so that other connections get theirs."""

CLOSE = (b"connection", b"close")
"""Response header: the connection closes after this answer."""

_malformed = ThrottledWarning("malformed request")


class HttpConnection(asyncio.Protocol):
    """Serve the requests of one client, with time limits on its headers and on its reading.

    Pipelined requests are served one after the other. After a refusal, the rest of the body is
    discarded without being parsed.

    Args:
        config: of the server.
        server_state: connections and tasks of the server.
        limit: on open connections; this one counts.
        network: of the client, or of one connection of a trusted proxy.

    Attributes:
        network: that the connection counts for.
        connecting: task that makes the connection; cancel it to close the connection.
        made: whether the connection is made.
    """

    transport: asyncio.Transport
    flow: FlowControl
    _drain: BodyDrain
    _headers_timeout: Timeout
    _write_timeout: Timeout

    def __init__(
        self, config: HttpConfig, server_state: ServerState, limit: ConnectionLimit, network: str
    ) -> None:
        self.server_state = server_state
        self.network = network
        self.connecting: asyncio.Task[None] | None = None
        self.made = False
        self._config = config
        self._limit = limit
        self._header_memory = limit.header_memory(network)
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(self)
        self._scope: Scope = {}
        self._current: RequestCycle | None = None
        self._pipelined: deque[tuple[RequestCycle, ASGIApp]] = deque()
        self._unparsed = b""  # reading is paused while this is not empty
        self._discarding = False
        self._idle_timeout = Timeout(self._close)

    @property
    def idle(self) -> bool:
        """Return whether no request is in progress."""
        return self._current is None

    # Callbacks of the event loop.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for headers."""
        self.made = True
        self.transport = transport
        self.flow = FlowControl(transport)
        self._drain = BodyDrain(transport, self.flow, self._config.drain_bytes)
        self._headers_timeout = Timeout(transport.abort)
        self._write_timeout = Timeout(transport.abort)
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "https" if is_ssl(transport) else "http",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": "",
        }
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        self._time_headers()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, or discard them after a refusal."""
        self._idle_timeout.stop()
        if self._discarding:
            self._drain.discard(len(data))
        elif self._unparsed:
            self._unparsed += data
            self.flow.pause_reading()
        else:
            self._parse(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Stop all timeouts, and tell the application."""
        self._limit.remove(self)
        self._header_memory.hold(0)
        self.server_state.connections.discard(self)
        self._discarding = True
        for timeout in (self._idle_timeout, self._headers_timeout, self._write_timeout):
            timeout.stop()
        self._drain.timeout.stop()
        if self._current is not None:
            self._current.disconnect()
        self._pipelined.clear()
        self.flow.resume_writing()
        self.transport.close()

    def pause_writing(self) -> None:
        """Start the time limit for the client to read its answer."""
        self.flow.pause_writing()
        self._write_timeout.start(timeouts.WRITE_TIMEOUT_S)

    def resume_writing(self) -> None:
        """Stop that time limit."""
        self._write_timeout.stop()
        self.flow.resume_writing()

    def abort(self) -> None:
        """Close the connection at once."""
        if self.made:
            self.transport.abort()
        elif self.connecting is not None:
            self.connecting.cancel()

    # Called during shutdown of the server.

    def shutdown(self) -> None:
        """Close the connection if idle, otherwise after the answers in progress."""
        if self._drain.lingering:
            self._loop.call_later(timeouts.CLOSE_TIMEOUT_S, self.transport.abort)
        elif (last := self._last()) is not None:
            last.keep_alive = False
        elif not self.transport.is_closing():  # a TLS transport closed twice is never aborted
            self._close()

    def announce_close(self) -> None:
        """Add ``Connection: close`` to the last answer in progress."""
        last = self._last()
        if last is not None and not last.response_started:
            last.default_headers = [*last.default_headers, CLOSE]

    # Callbacks of the parser.

    def on_request(self, head: RequestHead) -> None:
        """Serve a request, after those before it."""
        self._serve(
            {**self._scope, **head.scope()},
            self._config.loaded_app,
            keep_alive=head.keep_alive,
            head_bytes=self._parser.head_bytes,
        )

    def on_body(self, body: bytes) -> None:
        """Pass a part of a body on; pause reading if the application is slow to read it."""
        cycle = self._last()
        if cycle is None:  # answered without its body
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_end(self) -> None:
        """Mark the request as complete."""
        cycle = self._last()
        if cycle is None:
            return
        cycle.more_body = False
        cycle.message_event.set()
        self._discarding = not cycle.keep_alive

    # Callbacks of a request cycle.

    def on_body_wanted(self) -> None:
        """Resume reading, unless there is more to parse."""
        if not self._unparsed:
            self.flow.resume_reading()

    def on_response_complete(self, cycle: RequestCycle) -> None:
        """Continue with the next request, or close the connection."""
        self.server_state.total_requests += 1
        self._current = None
        self._limit.end_request(self)
        if self.transport.is_closing():
            return
        if cycle.more_body:
            self._linger()
        elif not cycle.keep_alive:
            self._close()
        elif self._pipelined:
            self._start(*self._pipelined.popleft())
        else:
            self._idle_timeout.start(self._config.timeout_keep_alive)
        self._count_header_memory()
        if self._unparsed:
            self._loop.call_soon(self._parse_rest)
        elif not self._pipelined:
            self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        """Parse what fits in one turn of the event loop; keep the rest for later."""
        at = 0
        end = min(len(data), BYTES_PER_TURN)
        try:
            while at < end and not self._pipelined and not self._discarding:
                at += self._parser.feed(data[at : at + FEED_BYTES])
                self._count_header_memory(len(data) - at)
        except (BadRequestError, ServiceError) as error:
            self._refuse(error)
        if self._discarding:
            self._drain.discard(len(data) - at)
        elif at < len(data):
            self._unparsed = data[at:]
            self.flow.pause_reading()
            if not self._pipelined:
                self._loop.call_soon(self._parse_rest)
        self._time_headers()

    def _parse_rest(self) -> None:
        blocked = self._pipelined or self._discarding or self.transport.is_closing()
        if blocked or not self._unparsed:
            return
        data, self._unparsed = self._unparsed, b""
        self._idle_timeout.stop()
        self._parse(data)
        last = self._last()
        if not self._unparsed and (last is None or len(last.body) <= HIGH_WATER_LIMIT):
            self.flow.resume_reading()

    def _refuse(self, error: BadRequestError | ServiceError) -> None:
        """Answer an incomplete request with an error, after those before it."""
        self._discarding = True
        if not self._parser.in_head and (unfinished := self._last()) is not None:
            if unfinished is not self._current:
                self._pipelined.pop()
            elif unfinished.response_started:
                self.transport.abort()
                return
            else:
                self._current = None
                unfinished.disconnect()
        scope = {**self._scope, **RequestHead.incomplete(self._parser.target).scope()}
        if isinstance(error, ServiceError):
            mark_refused(scope, error)
            self._serve(scope, _delayed(self._config.loaded_app))
        else:
            _malformed.log()
            self._serve(scope, _delayed(bad_request))
        if not self._pipelined:  # another connection may take its place
            self._limit.end_request(self)
        self._parser = RequestParser(self)  # frees the refused head
        self._count_header_memory()

    def _count_header_memory(self, unparsed: int = 0) -> None:
        """Count heads, and bytes behind a pipelined request, in the shared memory budget.

        Raises:
            ServiceError: ``OVERLOADED`` when there is not enough left.
        """
        size = self._parser.head_bytes
        if self._current is not None:
            size += self._current.head_bytes
        if self._pipelined:
            size += (unparsed or len(self._unparsed)) + self._pipelined[-1][0].head_bytes
        self._header_memory.hold(size)

    def _last(self) -> RequestCycle | None:
        """Return the most recent request, unless it has been answered."""
        return self._pipelined[-1][0] if self._pipelined else self._current

    def _serve(
        self, scope: Scope, app: ASGIApp, *, keep_alive: bool = False, head_bytes: int = 0
    ) -> None:
        cycle = RequestCycle(
            self,
            scope,
            default_headers=self.server_state.default_headers,
            keep_alive=keep_alive,
            head_bytes=head_bytes,
        )
        if self._current is None:
            self._start(cycle, app)
        else:
            self._pipelined.append((cycle, app))
            self.flow.pause_reading()

    def _start(self, cycle: RequestCycle, app: ASGIApp) -> None:
        self._current = cycle
        self._limit.begin_request(self)
        # A new context: otherwise asyncio passes on that of the previous request.
        task = self._loop.create_task(cycle.run(app), context=contextvars.Context())
        task.add_done_callback(self.server_state.tasks.discard)
        self.server_state.tasks.add(task)

    def _linger(self) -> None:
        """Discard the rest of the refused body, then close."""
        self._discarding, self._unparsed = True, b""
        if not self._drain.linger(self._config.drain_s):
            self._close()
        elif CLOSE in self.server_state.default_headers:  # the server is shutting down
            self.shutdown()

    def _close(self) -> None:
        self.transport.close()
        # Without TLS, a closing connection waits only for its last bytes to be sent.
        if self._scope["scheme"] == "https" and CLOSE in self.server_state.default_headers:
            self._loop.call_later(timeouts.CLOSE_TIMEOUT_S, self.transport.abort)

    def _time_headers(self) -> None:
        """Start or stop the time limit for the headers that are being received."""
        if not self._parser.in_head or self._current is not None or self._discarding:
            self._headers_timeout.stop()
        elif not self._headers_timeout.started:
            self._headers_timeout.start(timeouts.HEADERS_TIMEOUT_S)


def _delayed(app: ASGIApp) -> ASGIApp:
    """Return an application that answers later, to slow a client that repeats refused requests."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(timeouts.REFUSAL_DELAY_S)
        await app(scope, receive, send)

    return answer
