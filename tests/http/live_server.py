"""Serve an application on a real socket, for behaviour that the ASGI transport does not have."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from web_image_ocr.api.config import ApiConfig
from web_image_ocr.server.acceptor import AcceptingServer
from web_image_ocr.server.http_config import HttpConfig


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve an application in a thread; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Inherited by connections; asyncio sets it only for a socket with an explicit protocol.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        api: ApiConfig = app.state.shared.config
        config = HttpConfig(
            app, drain_bytes=api.drain_bytes, drain_s=api.drain_s, timeout_graceful_shutdown=1
        )
        server = AcceptingServer(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
