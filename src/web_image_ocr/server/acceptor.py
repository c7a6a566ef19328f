"""Accept connections one by one, count them, and limit the time of TLS handshakes.

asyncio's own servers do not suffice. They hand a connection over after its TLS handshake, so
handshakes would not count, and Python 3.11 floods the log when file descriptors run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from functools import partial

import uvicorn

from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.primitives.networks import client_network
from web_image_ocr.server.connection import HttpConnection
from web_image_ocr.server.connection_limit import ConnectionLimit, ThrottledWarning
from web_image_ocr.server.http_config import HttpConfig

TLS_HANDSHAKE_TIMEOUT_S = 8.0
"""Two round trips; slow clients on mobile networks take about 3 s."""
_ACCEPT_RETRY_S = 1.0
"""Pause after running out of file descriptors."""

_accept_failed = ThrottledWarning("a connection could not be accepted")


class AcceptingServer(uvicorn.Server):
    """Serve an application as Uvicorn does, on connections accepted here."""

    config: HttpConfig

    def __init__(self, config: HttpConfig) -> None:
        super().__init__(config)
        self.servers = []  # asyncio servers, which Uvicorn would close
        self._limit = ConnectionLimit()
        self._clients = ClientAddresses(config.trusted_proxies)
        self._handshakes: dict[HttpConnection, asyncio.Task[None]] = {}
        self._retry: asyncio.TimerHandle | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting connections."""
        self._accept_from(sockets or [])
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and close each connection after its answers."""
        self.stop_accepting(sockets or [])
        self.cancel_handshakes()
        await super().shutdown(sockets)

    def stop_accepting(self, listeners: list[socket.socket]) -> None:
        """Leave new clients in the queues of the sockets."""
        if self._retry is not None:
            self._retry.cancel()
        for listener in listeners:
            if listener.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(listener)

    def accept_queued(self, listener: socket.socket) -> None:
        """Accept every client in the queue of the socket."""
        while self._accept_one(listener):
            pass

    def in_handshake(self) -> bool:
        """Return whether any accepted client is still in its TLS handshake."""
        return bool(self._handshakes)

    def cancel_handshakes(self) -> None:
        """Close the connections that are in their TLS handshake."""
        for task in self._handshakes.values():
            task.cancel()

    def _accept_from(self, listeners: list[socket.socket]) -> None:
        for listener in listeners:
            listener.setblocking(False)
            asyncio.get_running_loop().add_reader(listener, self._accept, listeners, listener)

    def _accept(self, listeners: list[socket.socket], listener: socket.socket) -> None:
        """Accept one client, or pause when file descriptors have run out."""
        try:
            self._accept_one(listener)
        except OSError as error:
            _accept_failed.log(reason=error.strerror)
            self.stop_accepting(listeners)
            self._retry = asyncio.get_running_loop().call_later(
                _ACCEPT_RETRY_S, self._accept_from, listeners
            )

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            client, (host, port, *_) = listener.accept()
        except BlockingIOError:  # the queue is empty, or another process took the client
            return False
        except ConnectionError:  # the client has disconnected
            return True
        client.setblocking(False)
        network = self._network_of(host, port)
        connection = HttpConnection(self.config, self.server_state, self._limit, network)
        if self._limit.admit(connection):
            connecting = asyncio.get_running_loop().create_task(self._connect(connection, client))
            connecting.add_done_callback(partial(self._end_connecting, connection, client))
            self._handshakes[connection] = connecting
            connection.connecting = connecting
        else:
            client.close()
        return True

    async def _connect(self, connection: HttpConnection, client: socket.socket) -> None:
        tls = self.config.ssl
        with contextlib.suppress(OSError):  # disconnected, not TLS, or too slow
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client,
                ssl=tls,
                ssl_handshake_timeout=TLS_HANDSHAKE_TIMEOUT_S if tls else None,
            )

    def _end_connecting(
        self, connection: HttpConnection, client: socket.socket, _: asyncio.Task[None]
    ) -> None:
        """Forget the handshake; the task may have been cancelled before its first step."""
        del self._handshakes[connection]
        if not connection.made:
            self._limit.remove(connection)
            client.close()

    def _network_of(self, host: str, port: int) -> str:
        """Return the client network that a connection counts for.

        All clients behind a trusted proxy share its address, and the proxy has its own limits.
        Each of its connections counts as a separate network, so the proxy never holds the most.
        """
        return f"{host} {port}" if self._clients.is_trusted(host) else client_network(host)
