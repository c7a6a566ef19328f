"""The server's connections: read, timed and ended."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque

from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from web_image_ocr.api.limits.request_head import mark_refused
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.server.connection_config import ConnectionConfig
from web_image_ocr.server.connection_limit import ConnectionLimit
from web_image_ocr.server.exchange import Exchange
from web_image_ocr.server.heads import BadRequestError, Head
from web_image_ocr.server.parsing import PIECE_BYTES, RequestParser
from web_image_ocr.server.refusals import bad_request, refused_head
from web_image_ocr.server.throttled_warning import ThrottledWarning

HEADERS_S = 30.0
"""Seconds from the first byte of a request, or from connecting, to the end of its headers.
Without a bound, a few clients that send a byte now and then would take every connection that the
system allows."""

TAKEN_S = 60.0
"""Seconds a client may leave answers in its connection that do not fit there."""

TURN_BYTES = 64 * 1024
"""Parsed in one turn of the event loop; other connections have theirs before the next."""

CLOSE = (b"connection", b"close")
"""The header that says that a connection ends after this answer."""
_FAREWELL_S = 1.0
"""Seconds that a client has, when the server stops, to end TLS or to take the answer to a request
that was refused; asyncio would wait for the former for 30 s."""

_DROP_PAUSE_S = 0.01
"""Seconds between two reads of a body that is dropped. asyncio reads 256 KiB, so this is 25 MB/s at
most: a client that sends on as fast as it can costs others no processor time."""

_malformed = ThrottledWarning("malformed request")


class WatchedConnection(asyncio.Protocol):
    """Speaks HTTP/1.1 with a client that must send headers and take answers in time.

    A turn of the event loop parses a bounded part of what has come. Pipelined requests are served
    one after the other. A refused body is dropped without being parsed, after the answer.

    Args:
        config: of the server.
        server_state: connections and tasks of the server.
        limit: on the connections that are open; this one counts.
        network: of the client, or of one connection of a trusted proxy.

    Attributes:
        network: that the connection counts for.
        connecting: task that makes the connection; its cancellation ends it.
        made: whether the connection is made.
    """

    transport: asyncio.Transport
    flow: FlowControl

    def __init__(
        self,
        config: ConnectionConfig,
        server_state: ServerState,
        limit: ConnectionLimit,
        network: str,
    ) -> None:
        self.server_state = server_state
        self.network = network
        self.connecting: asyncio.Task[None] | None = None
        self.made = False
        self._config = config
        self._limit = limit
        self._share = limit.share_of_heads(network)
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(self)
        self._scope: Scope = {}
        self._served: Exchange | None = None
        self._waiting: deque[tuple[Exchange, ASGIApp]] = deque()  # pipelined, behind it
        self._rest = b""  # received and not parsed yet; reading is paused
        self._discarding = False  # whether what comes is dropped
        self._left = config.drain_bytes
        self._idle_timer: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None
        self._full: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Return whether no request is being answered."""
        return self._served is None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        self.made = True
        self.transport = transport
        self.flow = FlowControl(transport)
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "https" if is_ssl(transport) else "http",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": "",
        }
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, or drop them after a refusal."""
        _cancel(self._idle_timer)
        self._idle_timer = None
        if self._discarding:
            self._drop(len(data))
        elif self._rest:
            self._rest += data
            self.flow.pause_reading()
        else:
            self._parse(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Wait no more, and tell the application."""
        self._limit.remove(self)
        self._share.hold(0)
        self.server_state.connections.discard(self)
        self._discarding = True
        for timer in (self._idle_timer, self._late, self._full, self._lingering):
            _cancel(timer)
        if self._served is not None:
            self._served.disconnect()
        self._waiting.clear()
        self.flow.resume_writing()
        self.transport.close()

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what it has been sent."""
        self.flow.pause_writing()
        self._full = self._loop.call_later(TAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no more: there is room again."""
        _cancel(self._full)
        self._full = None
        self.flow.resume_writing()

    def end(self) -> None:
        """Close the connection at once."""
        if self.made:
            self.transport.abort()
        elif self.connecting is not None:
            self.connecting.cancel()

    # What the server calls when it stops.

    def shutdown(self) -> None:
        """Close the connection, if idle, or have it closed after the answers under way."""
        if self._lingering is not None:
            self._loop.call_later(_FAREWELL_S, self.transport.abort)
        elif (last := self._last()) is not None:
            last.keep_alive = False
        elif not self.transport.is_closing():  # a transport of TLS closed twice is not aborted
            self._close()

    def announce_close(self) -> None:
        """Tell the client, with the last answer under way, that the connection ends after it."""
        last = self._last()
        if last is not None and not last.response_started:
            last.default_headers = [*last.default_headers, CLOSE]

    # What the parser calls.

    def on_request(self, head: Head) -> None:
        """Have a request served."""
        self._serve(
            self._scope_of(head),
            self._config.loaded_app,
            keep_alive=head.keep_alive,
            head_bytes=self._parser.head_bytes,
        )

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body on."""
        exchange = self._last()
        if exchange is None:  # answered without it
            return
        exchange.body += body
        if len(exchange.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        exchange.message_event.set()

    def on_end(self) -> None:
        """Note that a request is complete."""
        exchange = self._last()
        if exchange is None:
            return
        exchange.more_body = False
        exchange.message_event.set()
        self._discarding = not exchange.keep_alive

    # What an exchange calls.

    def more_wanted(self) -> None:
        """Read on, unless there is more to parse."""
        if not self._rest:
            self.flow.resume_reading()

    def answered(self, exchange: Exchange) -> None:
        """Go on with the next request, or end the connection."""
        self.server_state.total_requests += 1
        self._served = None
        self._limit.end_call(self)
        if self.transport.is_closing():
            return
        if exchange.more_body:
            self._linger()
        elif not exchange.keep_alive:
            self._close()
        elif self._waiting:
            self._start(*self._waiting.popleft())
        else:
            self._idle_timer = self._loop.call_later(self._config.timeout_keep_alive, self._close)
        self._hold_heads()
        if self._rest:
            self._loop.call_soon(self._parse_rest)
        elif not self._waiting:
            self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        """Parse as much as one turn may cost, and the rest later."""
        at = 0
        end = min(len(data), TURN_BYTES)
        try:
            while at < end and not self._waiting and not self._discarding:
                at += self._parser.feed(data[at : at + PIECE_BYTES])
                self._hold_heads(len(data) - at)
        except (BadRequestError, ServiceError) as error:
            self._refuse(error)
        if self._discarding:
            self._drop(len(data) - at)
        elif at < len(data):
            self._rest = data[at:]
            self.flow.pause_reading()
            if not self._waiting:
                self._loop.call_soon(self._parse_rest)
        self._watch()

    def _parse_rest(self) -> None:
        if not self._rest or self._waiting or self._discarding or self.transport.is_closing():
            return
        data, self._rest = self._rest, b""
        _cancel(self._idle_timer)
        self._idle_timer = None
        self._parse(data)
        last = self._last()
        if not self._rest and (last is None or len(last.body) <= HIGH_WATER_LIMIT):
            self.flow.resume_reading()

    def _refuse(self, error: BadRequestError | ServiceError) -> None:
        """Answer a request that was not read to its end, after those before it."""
        self._discarding = True
        if not self._parser.in_head and (unfinished := self._last()) is not None:
            if unfinished is not self._served:
                self._waiting.pop()
            elif unfinished.response_started:
                self.transport.abort()
                return
            else:
                self._served = None
                unfinished.disconnect()
        scope = self._scope_of(refused_head(self._parser.target))
        if isinstance(error, ServiceError):
            mark_refused(scope, error)
            self._serve(scope, self._config.loaded_app)
        else:
            _malformed.log()
            self._serve(scope, bad_request)
        self._parser = RequestParser(self)  # frees the head that was refused
        self._hold_heads()

    def _hold_heads(self, unparsed: int = 0) -> None:
        """Count what heads, and bytes behind a pipelined request, take of the common memory.

        Raises:
            ServiceError: ``OVERLOADED`` when there is not enough left.
        """
        size = self._parser.head_bytes
        if self._served is not None:
            size += self._served.head_bytes
        if self._waiting:
            size += (unparsed or len(self._rest)) + self._waiting[-1][0].head_bytes
        self._share.hold(size)

    def _scope_of(self, head: Head) -> Scope:
        return {
            **self._scope,
            "http_version": head.version,
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "state": {},
        }

    def _last(self) -> Exchange | None:
        """Return the exchange whose request came last, unless it has been answered."""
        return self._waiting[-1][0] if self._waiting else self._served

    def _serve(
        self, scope: Scope, app: ASGIApp, *, keep_alive: bool = False, head_bytes: int = 0
    ) -> None:
        exchange = Exchange(
            self,
            scope,
            default_headers=self.server_state.default_headers,
            keep_alive=keep_alive,
            head_bytes=head_bytes,
        )
        if self._served is None:
            self._start(exchange, app)
        else:
            self._waiting.append((exchange, app))
            self.flow.pause_reading()

    def _start(self, exchange: Exchange, app: ASGIApp) -> None:
        self._served = exchange
        self._limit.begin_call(self)
        # A context of its own: asyncio would hand on that of the request before.
        task = self._loop.create_task(exchange.run(app), context=contextvars.Context())
        task.add_done_callback(self.server_state.tasks.discard)
        self.server_state.tasks.add(task)

    def _linger(self) -> None:
        """Drop what still comes of a refused body: unread bytes would reset the connection.

        The client would then see that in place of the answer.
        """
        self._discarding, self._rest = True, b""
        if not self._left:
            self._close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._lingering = self._loop.call_later(self._config.drain_s, self.transport.abort)
        if CLOSE in self.server_state.default_headers:  # the server is stopping
            self.shutdown()

    def _drop(self, size: int) -> None:
        self._left -= size
        if self._left < 0 and self._lingering is not None:
            self.transport.abort()
            return
        if self._left < 0 or self._lingering is not None:  # in the first case until the answer
            self.flow.pause_reading()
        if self._lingering is not None:
            self._loop.call_later(_DROP_PAUSE_S, self.flow.resume_reading)

    def _close(self) -> None:
        self.transport.close()
        # Without TLS, a connection that is closing waits for nothing but its own last bytes.
        if self._scope["scheme"] == "https" and CLOSE in self.server_state.default_headers:
            self._loop.call_later(_FAREWELL_S, self.transport.abort)

    def _watch(self) -> None:
        if not self._parser.in_head or self._served is not None or self._discarding:
            _cancel(self._late)
            self._late = None
        elif self._late is None:
            self._late = self._loop.call_later(HEADERS_S, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
