"""How the server's connections are watched and ended."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 30.0
"""Seconds from the first byte of a request, or from connecting, to the end of its headers.
Without a bound, a few clients that send a byte now and then would take every connection that the
system allows."""

_FAREWELL_S = 1.0
"""What an idle client gets to end TLS with us; asyncio would wait for it for 30 s."""


class WatchedConnection(H11Protocol):
    """HTTP/1.1 whose clients must send headers in time.

    Idle connections hold up the end of the server for a second at most.
    """

    _late: asyncio.TimerHandle | None = None

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
        super().shutdown()
        if self.transport.is_closing():
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
