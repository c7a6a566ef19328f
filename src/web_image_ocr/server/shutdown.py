"""Shut down gracefully on SIGTERM and Ctrl-C: answer every request, exit with status 0."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from types import FrameType

from web_image_ocr.server.acceptor import AcceptingServer
from web_image_ocr.server.connection import CLOSE, HttpConnection
from web_image_ocr.server.http_config import HttpConfig
from web_image_ocr.server.signals import ShutdownRequest

_IDLE_GRACE_S = 1.0
"""Idle connections stay open so long after the listening socket is closed: a client may be sending
a request. The time starts again when a TLS handshake completes."""
_MAX_GRACE_S = 5.0
"""Upper limit of that time."""
_POLL_S = 0.05
_CANCELLED_ANSWERS_S = 2.0
"""For cancelled calls to send their error answers."""


class GracefulServer(AcceptingServer):
    """Drain connections on shutdown: answer every request that was sent before it.

    Uvicorn closes the listening socket with clients in its queue, and idle connections with a
    request in transit. The kernel resets both. This server accepts the queued clients first, and
    keeps idle connections open for a moment.

    Args:
        config: passed on.
        stop: set on a signal; a second signal cancels running calls, which answer with an error.
        on_accepting: called when connections are accepted, unless the server is stopping.
    """

    def __init__(
        self, config: HttpConfig, stop: ShutdownRequest, on_accepting: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._on_accepting = on_accepting

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Request a shutdown; on the second signal, force it."""
        self.force_exit = self.force_exit or self.should_exit
        self._stop.requested = True
        self._disable_keep_alive()  # Uvicorn checks for the signal ten times per second
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and report it."""
        await super().startup(sockets)
        if not self._stop.requested:
            self._on_accepting()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets, then each connection after its answers."""
        self._disable_keep_alive()  # again: Uvicorn replaces these headers every second
        for connection in self._connections():
            connection.announce_close()
        await self._drain_queues(sockets or [])
        await super().shutdown(sockets)
        if self.force_exit:
            for task in self.server_state.tasks:
                task.cancel()

    async def finish_cancelled(self) -> None:
        """Wait until cancelled calls have answered; call it after the workers have ended."""
        if tasks := set(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_CANCELLED_ANSWERS_S)

    def _disable_keep_alive(self) -> None:
        """Send ``Connection: close`` with all answers from now on."""
        state = self.server_state
        if CLOSE not in state.default_headers:
            state.default_headers = [*state.default_headers, CLOSE]

    def _connections(self) -> list[HttpConnection]:
        return [one for one in self.server_state.connections if isinstance(one, HttpConnection)]

    async def _drain_queues(self, listeners: list[socket.socket]) -> None:
        """Accept every client in the queues, close the sockets, and await the last requests."""
        self.stop_accepting(listeners)
        for listener in listeners:
            with contextlib.suppress(OSError):  # out of file descriptors
                self.accept_queued(listener)
            listener.close()
        await self._await_last_requests()

    async def _await_last_requests(self) -> None:
        """Wait until no connection is idle or in its handshake, or the time is up."""
        last_end = time.monotonic() + _MAX_GRACE_S
        end = 0.0
        seen: set[HttpConnection] = set()
        while not self.force_exit:
            await asyncio.sleep(_POLL_S)
            connections = set(self._connections())
            now = time.monotonic()
            if not end or connections - seen:
                end = min(now + _IDLE_GRACE_S, last_end)
                seen |= connections
            pending = self.in_handshake() or any(one.idle for one in connections)
            if now >= end or not pending:
                return
