"""Accept connections one by one, count them, and limit the time of TLS handshakes.

Not by asyncio's servers: they hand a connection over when TLS is agreed on, so that those before
are not counted, and in Python 3.11 they fill the log when no file is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial

import uvicorn

from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.primitives.networks import client_network
from web_image_ocr.server.connection_config import ConnectionConfig
from web_image_ocr.server.connection_limit import ConnectionLimit
from web_image_ocr.server.connections import WatchedConnection
from web_image_ocr.server.throttled_warning import ThrottledWarning

HANDSHAKE_S = 8.0
"""For TLS. Two round trips; the slowest honest clients, on mobile networks, take some 3 s."""
_PAUSE_S = 1.0
"""Without accepting, when the system has no file left."""

_no_file = ThrottledWarning("a connection could not be accepted")


class AcceptingServer(uvicorn.Server):
    """Serves, as the library does, connections that are accepted here.

    Args:
        config: of the server.
    """

    config: ConnectionConfig

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self.servers = []  # of asyncio, which the library closes
        self._limit = ConnectionLimit()
        self._clients = ClientAddresses(config.trusted_proxies)
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
        """Accept every client in the queue of the socket."""
        while self._accept_one(listener):
            pass

    def in_handshake(self) -> bool:
        """Return whether TLS is still to be agreed on with a client that was accepted."""
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
            _no_file.log(reason=error.strerror)
            self.stop_accepting(listeners)
            self._resume = asyncio.get_running_loop().call_later(
                _PAUSE_S, self._accept_from, listeners
            )

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            client, (host, port, *_) = listener.accept()
        except BlockingIOError:  # taken by another process that listens, or the queue is empty
            return False
        except ConnectionError:  # gone already
            return True
        client.setblocking(False)
        network = self._network_of(host, port)
        connection = WatchedConnection(self.config, self.server_state, self._limit, network)
        if self._limit.admit(connection):
            connecting = asyncio.get_running_loop().create_task(self._connect(connection, client))
            connecting.add_done_callback(partial(self._end_connecting, connection, client))
            self._handshakes[connection] = connecting
            connection.connecting = connecting
        else:
            client.close()
        return True

    async def _connect(self, connection: WatchedConnection, client: socket.socket) -> None:
        tls = self.config.ssl
        with contextlib.suppress(OSError):  # gone already, no TLS, or too slow
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_S if tls else None,
            )

    def _end_connecting(
        self, connection: WatchedConnection, client: socket.socket, _: asyncio.Task[None]
    ) -> None:
        """Forget the handshake; the task may have been cancelled before its first step."""
        del self._handshakes[connection]
        if not connection.made:
            self._limit.remove(connection)
            client.close()

    def _network_of(self, host: str, port: int) -> str:
        """Return the client network that a connection counts for.

        All clients behind a trusted proxy share its address, and it has limits of its own. Each of
        its connections counts as a network by itself, so the proxy never holds the most.
        """
        return f"{host} {port}" if self._clients.is_trusted(host) else client_network(host)
