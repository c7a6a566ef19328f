"""Load the server's HTTP parser without credentials: tiny chunks, very many headers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

_CONNECTIONS = 4
_CHUNKS_HEAD = b"POST /nope HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
_CHUNKS = b"1\r\nX\r\n" * 10_000
_HEADERS = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"a:b\r\n" * 25_000 + b"\r\n"
_PAUSE_S = 0.01

_Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def tiny_chunks(url: str, *, seconds: float, source: str) -> None:
    """Send bodies in chunks of one byte until the server closes the connection."""
    await _on_connections(url, seconds, source, _send_chunks)


async def many_headers(url: str, *, seconds: float, source: str) -> None:
    """Send requests with 25,000 headers (125 KB) in a loop."""
    await _on_connections(url, seconds, source, _send_headers)


async def _on_connections(url: str, seconds: float, source: str, talk: _Talk) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(_repeat(url, source, talk))


async def _repeat(url: str, source: str, talk: _Talk) -> None:
    parts = urlsplit(url)
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, local_addr=(source, 0)
            )
            try:
                await talk(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(_PAUSE_S)


async def _send_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_CHUNKS_HEAD)
    while not writer.is_closing():
        writer.write(_CHUNKS)
        await writer.drain()


async def _send_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_HEADERS)
    await writer.drain()
    await reader.read(1)
