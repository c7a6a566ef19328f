"""Configure Uvicorn to serve an application on our own connections."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class HttpConfig(uvicorn.Config):
    """Hold the configuration of the HTTP server.

    Args:
        app: the application.
        drain_bytes: most bytes of a refused body to read and discard.
        drain_s: most seconds to spend on that.
        trusted_proxies: networks in CIDR form whose connections carry many clients.
        options: passed on to Uvicorn.
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
            http=asyncio.Protocol,  # not used: `acceptor` creates the connections
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
