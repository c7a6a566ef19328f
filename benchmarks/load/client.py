"""Call one server over HTTP/1.1 keep-alive with little CPU time in the client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from benchmarks.load.calls import NO_RESPONSE

RESPONSE_TIMEOUT_S = 90.0
"""The server's deadline is 60 s; a call that takes longer than this hangs."""


@dataclass(frozen=True, slots=True)
class Response:
    """Represent a response.

    Attributes:
        status: HTTP status; ``NO_RESPONSE`` without a response.
        headers: Values by lower-case name; repeated headers joined by commas.
    """

    status: int
    headers: dict[str, str]

    @property
    def stages_ms(self) -> dict[str, float]:
        """Return milliseconds by stage, from ``Server-Timing``."""
        stages = self.headers.get("server-timing", "").split(",")
        pairs = (stage.strip().split(";dur=") for stage in stages if stage.strip())
        return {name: float(ms) for name, ms in pairs}


class Connection:
    """Hold one connection, opened on first use and again after the server closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, request: bytes) -> Response:
        """Send a request and return the response; its body is discarded."""
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                response = await self._ask(request)
        except (OSError, EOFError, TimeoutError):
            response = Response(NO_RESPONSE, {"connection": "close"})
        if response.headers.get("connection") == "close":
            self.close()
        return response

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def _ask(self, request: bytes) -> Response:
        self._streams = self._streams or await asyncio.open_connection(*self._address)
        reader, writer = self._streams
        writer.write(request)
        response = parse_head(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(int(response.headers["content-length"]))
        return response


def parse_head(head: bytes) -> Response:
    """Parse status line and headers of a response."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(int(first.split()[1]), headers)


def request_of(path: str, token: str, host: str, body: bytes) -> bytes:
    """Return a complete request as bytes."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Auth-Token: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
