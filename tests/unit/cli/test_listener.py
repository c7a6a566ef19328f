"""The socket that ``serve`` listens on."""

from __future__ import annotations

import socket

from web_image_ocr.cli.listeners import open_listeners
from web_image_ocr.settings import ServerConfig


def test_small_answers_leave_at_once() -> None:
    """Without it, an answer of two packets waits 40 ms on a kept connection."""
    with (
        open_listeners(ServerConfig(host="127.0.0.1", port=0)) as listeners,
        socket.create_connection(listeners.sockets[0].getsockname()),
        listeners.sockets[0].accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
