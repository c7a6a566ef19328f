"""From a listening socket to connections: accepted one by one, counted, TLS agreed on in time.

Not by asyncio's servers: they hand a connection over when TLS is agreed on, so that those before
are not counted, and in Python 3.11 they fill the log when no file is left.
"""

from __future__ import annotations

import asyncio
import socket

import uvicorn

from web_image_ocr.cli.connections import ConnectionConfig, WatchedConnection
from web_image_ocr.cli.crowds import Crowd, Seldom

HANDSHAKE_S = 8.0
"""For TLS. Two round trips; the slowest honest clients, on mobile networks, take some 3 s."""
_PAUSE_S = 1.0
"""Without accepting, when the system has no file left."""

_no_file = Seldom("a connection could not be accepted")


class AcceptingServer(uvicorn.Server):
    """The library's server on connections that are accepted here.

    Args:
        config: of the server.
    """

    config: ConnectionConfig

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self.servers = []  # the library's, of which there are none
        self._crowd = Crowd()
        self._handshakes: dict[WatchedConnection, asyncio.Task[None]] = {}
        self._resume: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        self._accept_from(sockets or [])
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and end the connections when they have been answered."""
        self.stop_accepting(sockets or [])
        self.end_handshakes()
        await super().shutdown(sockets)

    def stop_accepting(self, listeners: list[socket.socket]) -> None:
        """Leave new clients in the queues of the sockets."""
        if self._resume is not None:
            self._resume.cancel()
        for listener in listeners:
            if listener.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(listener)

    def accept_waiting(self, listener: socket.socket) -> None:
        """Accept all who are in the queue of the socket."""
        while self._accept_one(listener):
            pass

    def in_handshake(self) -> bool:
        """Return whether clients that were accepted still come through TLS."""
        return bool(self._handshakes)

    def end_handshakes(self) -> None:
        """Close the connections on which TLS has not been agreed on."""
        for task in self._handshakes.values():
            task.cancel()

    def _accept_from(self, listeners: list[socket.socket]) -> None:
        for listener in listeners:
            listener.setblocking(False)
            asyncio.get_running_loop().add_reader(listener, self._accept, listeners, listener)

    def _accept(self, listeners: list[socket.socket], listener: socket.socket) -> None:
        """Accept one client, or pause when no file is left for it."""
        try:
            self._accept_one(listener)
        except OSError as error:
            _no_file.say(reason=error.strerror)
            self.stop_accepting(listeners)
            self._resume = asyncio.get_running_loop().call_later(
                _PAUSE_S, self._accept_from, listeners
            )

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            client, _ = listener.accept()
        except BlockingIOError:  # taken by another process that listens, or nobody is left
            return False
        except ConnectionError:  # gone already
            return True
        client.setblocking(False)
        connection = WatchedConnection(self.config, self.server_state, self._crowd)
        if self._crowd.enter(connection):
            connecting = asyncio.get_running_loop().create_task(self._connect(connection, client))
            self._handshakes[connection] = connecting
            connection.connecting = connecting
        else:
            client.close()
        return True

    async def _connect(self, connection: WatchedConnection, client: socket.socket) -> None:
        tls = self.config.ssl
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_S if tls else None,
            )
        except OSError:  # gone already, no TLS, or too slow
            pass
        finally:
            del self._handshakes[connection]
            if not connection.made:
                self._crowd.leave(connection)
                client.close()
