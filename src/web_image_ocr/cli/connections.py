"""How the server's connections end when it is told to stop: nothing that was sent is lost."""

from __future__ import annotations

import asyncio
import socket
import time
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from web_image_ocr.cli.stopping import StopRequest

_FAREWELL_S = 1.0
"""What a client gets to end TLS with us; asyncio would wait for it for 30 s."""
_LAST_REQUESTS_S = 1.0
"""How long connections without a request are kept after the listening socket is closed: what a
client has just sent on one, or is about to send, is answered."""
_LOOK_EVERY_S = 0.05
_TURNS = 3
"""Of the event loop, in which a client it has accepted becomes a connection of ours."""
_LAST_ANSWERS_S = 2.0
"""What calls that were given up get to be told so."""
_CLOSE = (b"connection", b"close")


class PromptlyClosing(H11Protocol):
    """HTTP/1.1 whose connections, once answered, hold up the server's end for a second at most."""

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return getattr(self.cycle, "response_complete", True)  # no cycle: no request yet

    def shutdown(self) -> None:
        """Close the connection, if idle, or have it closed after the answer under way."""
        if not self.transport.is_closing():  # a transport of TLS closed twice cannot be aborted
            super().shutdown()
            self._bound_farewell()

    def on_response_complete(self) -> None:
        """Note that all of an answer has been handed to the connection."""
        super().on_response_complete()
        if _CLOSE in self.server_state.default_headers:  # the server is stopping
            self._bound_farewell()

    def say_close(self) -> None:
        """Tell the client, with the answer under way, that the connection ends after it."""
        if not self.idle and not self.cycle.response_started:
            self.cycle.default_headers = [*self.cycle.default_headers, _CLOSE]

    def _bound_farewell(self) -> None:
        # Without TLS, a connection that is closing waits for nothing but its own last bytes.
        if self.scheme == "https" and self.transport.is_closing():
            self.loop.call_later(_FAREWELL_S, self.transport.abort)


class StoppingServer(uvicorn.Server):
    """A server that, told to stop, answers every request that was sent to it before.

    Threat: the library closes the listening socket with clients in its queue, and connections
    with a request on its way; the system resets both, after the client has sent all. Rule: who is
    connected is accepted, and a connection without a request is kept for a moment.

    Args:
        config: of the library.
        stop: what is told of the signal; a second one, of either kind, gives up the calls
            that run, which are answered with an error.
    """

    def __init__(self, config: uvicorn.Config, stop: StopRequest) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second signal, at once."""
        self.force_exit = self.force_exit or self.should_exit
        self._stop.wanted = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listening sockets, then each connection when it has been answered."""
        state = self.server_state
        state.default_headers = [*state.default_headers, _CLOSE]  # of the requests to come
        for connection in self._connections():
            connection.say_close()
        await self._accept_the_last(sockets or [])
        await super().shutdown(sockets)
        if self.force_exit:
            for task in state.tasks:
                task.cancel()

    async def last_answers(self) -> None:
        """Return when calls that were given up have been told; their workers must be gone."""
        if tasks := set(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_LAST_ANSWERS_S)

    def _connections(self) -> list[PromptlyClosing]:
        return [one for one in self.server_state.connections if isinstance(one, PromptlyClosing)]

    async def _accept_the_last(self, listeners: list[socket.socket]) -> None:
        """Accept all who are connected, and close the sockets in the same breath."""
        end = time.monotonic() + _LAST_REQUESTS_S
        loop = asyncio.get_running_loop()
        for listener in listeners:
            loop.remove_reader(listener)
        for _ in range(_TURNS):  # a client just accepted needs the server open to be connected
            await asyncio.sleep(0)
        last = [client for listener in listeners for client in _all_waiting(listener)]
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        connecting = [asyncio.create_task(self._connect(client)) for client in last]
        # TLS may still be agreed on with clients that are not yet connections.
        while (
            (self.config.is_ssl or any(one.idle for one in self._connections()) or connecting)
            and time.monotonic() < end
            and not self.force_exit
        ):
            await asyncio.sleep(_LOOK_EVERY_S)
            connecting = [task for task in connecting if not task.done()]

    async def _connect(self, client: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: PromptlyClosing(
                    config=self.config,
                    server_state=self.server_state,
                    app_state=self.lifespan.state,
                ),
                client,
                ssl=self.config.ssl,
            )
        except OSError:  # gone already, or no TLS
            client.close()


def _all_waiting(listener: socket.socket) -> list[socket.socket]:
    """Whoever is connected to the socket and not yet accepted."""
    clients: list[socket.socket] = []
    while True:
        try:
            client, _ = listener.accept()
        except OSError:  # nobody is left, or no file for one more
            return clients
        client.setblocking(False)
        clients.append(client)
