"""How SIGTERM and Ctrl-C end the server: with status 0, and nothing that was sent is lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

from web_image_ocr.server.accepting import AcceptingServer
from web_image_ocr.server.connection_config import ConnectionConfig
from web_image_ocr.server.connections import CLOSE, WatchedConnection

_LAST_REQUESTS_S = 1.0
"""How long connections without a request are kept after the listening socket is closed: what a
client has just sent on one, or is about to send, is answered."""
_LAST_CONNECTIONS_S = 5.0
"""As long as clients that were accepted still come through TLS, that second starts again; at most
so long in all."""
_LOOK_EVERY_S = 0.05
_LAST_ANSWERS_S = 2.0
"""What calls that were given up get to be told so."""

Handler = Callable[[int, FrameType | None], None]


class StopRequest:
    """Remembers a signal that comes while the server starts; a second one ends it at once.

    A flag rather than an exception: an exception could come up anywhere, in the middle of
    making the first account or inside a library.

    Attributes:
        wanted: whether a signal has come.
    """

    def __init__(self) -> None:
        self.wanted = False
        on_stop(self._remember)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.wanted = True
        signal.signal(number, signal.SIG_DFL)


def on_stop(handler: Handler) -> None:
    """Have the handler called on SIGTERM and on Ctrl-C."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


class GracefulServer(AcceptingServer):
    """A server that, told to stop, answers every request that was sent to it before.

    Threat: the library closes the listening socket with clients in its queue, and connections
    with a request on its way; the system resets both, after the client has sent all. Rule: who is
    connected is accepted, and a connection without a request is kept for a moment.

    Args:
        config: of the library.
        stop: remembers the signal; a second one, of either kind, gives up the calls
            that run, which are answered with an error.
        accepting: called once connections are accepted, unless the server stops by then.
    """

    def __init__(
        self, config: ConnectionConfig, stop: StopRequest, accepting: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._accepting = accepting

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal, at once."""
        self.force_exit = self.force_exit or self.should_exit
        self._stop.wanted = True
        self._end_connections()  # the library looks at the signal ten times a second
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, and say so."""
        await super().startup(sockets)
        if not self._stop.wanted:
            self._accepting()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets, then each connection when it has been answered."""
        self._end_connections()  # once more: the library replaces these headers every second
        for connection in self._connections():
            connection.announce_close()
        await self._accept_the_last(sockets or [])
        await super().shutdown(sockets)
        if self.force_exit:
            for task in self.server_state.tasks:
                task.cancel()

    async def last_answers(self) -> None:
        """Return when calls that were given up have been told; their workers must be gone."""
        if tasks := set(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_LAST_ANSWERS_S)

    def _end_connections(self) -> None:
        """Say with the answers to requests that are still to come that the connection ends."""
        state = self.server_state
        if CLOSE not in state.default_headers:
            state.default_headers = [*state.default_headers, CLOSE]

    def _connections(self) -> list[WatchedConnection]:
        return [one for one in self.server_state.connections if isinstance(one, WatchedConnection)]

    async def _accept_the_last(self, listeners: list[socket.socket]) -> None:
        """Accept every client in the queues, then close the sockets at once."""
        self.stop_accepting(listeners)
        for listener in listeners:
            with contextlib.suppress(OSError):  # no file for one more
                self.accept_waiting(listener)
            listener.close()
        await self._take_the_last_requests()

    async def _take_the_last_requests(self) -> None:
        """Return when nothing more is to be expected on the connections that are open."""
        last_end = time.monotonic() + _LAST_CONNECTIONS_S
        end = 0.0
        seen: set[WatchedConnection] = set()
        while not self.force_exit:
            await asyncio.sleep(_LOOK_EVERY_S)
            connections = set(self._connections())
            now = time.monotonic()
            if not end or connections - seen:
                end = min(now + _LAST_REQUESTS_S, last_end)
                seen |= connections
            expected = self.in_handshake() or any(one.idle for one in connections)
            if now >= end or not expected:
                return
