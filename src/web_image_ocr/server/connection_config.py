"""Configuration of the server's connections."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class ConnectionConfig(uvicorn.Config):
    """Configures the library to serve an application on our own connections.

    Args:
        app: the application.
        drain_bytes: of a body that is not wanted, read and dropped so that the client sees the
            answer.
        drain_s: seconds spent on that.
        trusted_proxies: networks in CIDR form whose connections carry many clients.
        options: of the library.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        drain_bytes: int,
        drain_s: float,
        trusted_proxies: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__(
            app,
            http=asyncio.Protocol,  # not used: ``accepting`` makes the connections
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            **options,
        )
        self.drain_bytes = drain_bytes
        self.drain_s = drain_s
        self.trusted_proxies = trusted_proxies
