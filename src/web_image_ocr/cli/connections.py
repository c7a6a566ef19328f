"""How the server's connections are watched and ended."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from web_image_ocr.cli.crowds import Seldom, most_connections

HEADERS_S = 30.0
"""Seconds from the first byte of a request, or from connecting, to the end of its headers.
Without a bound, a few clients that send a byte now and then would take every connection that the
system allows."""

TAKEN_S = 60.0
"""Seconds a client may leave answers in its connection that do not fit there."""

CLOSE = (b"connection", b"close")
"""The header that says that a connection ends after this answer."""
_FAREWELL_S = 1.0
"""What a client gets to end TLS with us; asyncio would wait for it for 30 s."""

_too_many = Seldom("too many connections")


class WatchedConnection(H11Protocol):
    """HTTP/1.1 whose clients must send headers and take answers in time, and are not too many.

    Once answered, none holds up the end of the server for more than a second.
    """

    _late: asyncio.TimerHandle | None = None
    _full: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return getattr(self.cycle, "response_complete", True)  # no cycle: no request yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers, or end a connection too many."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > (most := most_connections()):
            _too_many.say(most=most)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on; wait on if the headers are not complete."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_watching()
        self._stop_waiting()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what it has been sent."""
        super().pause_writing()
        self._full = self.loop.call_later(TAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no more: there is room again."""
        self._stop_waiting()
        super().resume_writing()

    def shutdown(self) -> None:
        """Close the connection, if idle, or have it closed after the answer under way."""
        if not self.transport.is_closing():  # a transport of TLS closed twice cannot be aborted
            super().shutdown()
            self._bound_farewell()

    def on_response_complete(self) -> None:
        """Note that all of an answer has been handed to the connection."""
        super().on_response_complete()
        if CLOSE in self.server_state.default_headers:  # the server is stopping
            self._bound_farewell()

    def say_close(self) -> None:
        """Tell the client, with the answer under way, that the connection ends after it."""
        if not self.idle and not self.cycle.response_started:
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE]

    def _bound_farewell(self) -> None:
        # Without TLS, a connection that is closing waits for nothing but its own last bytes.
        if self.scheme == "https" and self.transport.is_closing():
            self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._late is None:
            self._late = self.loop.call_later(HEADERS_S, self.transport.abort)

    def _stop_watching(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _stop_waiting(self) -> None:
        if self._full is not None:
            self._full.cancel()
            self._full = None
