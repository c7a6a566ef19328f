"""How the server's connections are watched and ended."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 30.0
"""Seconds from the first byte of a request, or from connecting, to the end of its headers.
Without a bound, a few clients that send a byte now and then would take every connection that the
system allows."""

CLOSE = (b"connection", b"close")
"""The header that says that a connection ends after this answer."""
_FAREWELL_S = 1.0
"""What a client gets to end TLS with us; asyncio would wait for it for 30 s."""


class WatchedConnection(H11Protocol):
    """HTTP/1.1 whose clients must send headers in time.

    Once answered, none holds up the end of the server for more than a second.
    """

    _late: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return getattr(self.cycle, "response_complete", True)  # no cycle: no request yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on; wait on if the headers are not complete."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_watching()
        super().connection_lost(exc)

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
