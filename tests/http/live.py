"""An application behind a real socket, for what the transport of a test client cannot show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from web_image_ocr.api import ApiConfig
from web_image_ocr.server.acceptor import AcceptingServer
from web_image_ocr.server.http_config import HttpConfig


@contextmanager
def running_app(app: FastAPI) -> Iterator[str]:
    """Serves an application in a thread; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Inherited by its connections; asyncio sets it only where the protocol is named.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        api: ApiConfig = app.state.services.config
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
