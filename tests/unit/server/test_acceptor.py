"""Accept connections from a listening socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from tests.support.certificates import self_signed
from web_image_ocr.server import acceptor
from web_image_ocr.server.acceptor import AcceptingServer
from web_image_ocr.server.http_config import HttpConfig
from web_image_ocr.server.tls import tls_context
from web_image_ocr.settings import ServerConfig


class _Server(AcceptingServer):
    """Remember the listening socket."""

    def __init__(self, config: HttpConfig, listener: socket.socket) -> None:
        super().__init__(config)
        self.listener = listener


@asynccontextmanager
async def _server(folder: Path, **options: Any) -> AsyncIterator[tuple[_Server, tuple[str, int]]]:
    certificate, key = self_signed(folder)
    tls = tls_context(ServerConfig(tls_cert=certificate, tls_key=key))
    config = HttpConfig(
        PlainTextResponse("yes"),
        drain_bytes=0,
        drain_s=0,
        ssl_context_factory=lambda *_: tls,
        **options,
    )
    config.load()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(config, listener)
        await server.startup([listener])
        yield server, listener.getsockname()
        server.stop_accepting([listener])
        server.cancel_handshakes()


async def _ends(client: socket.socket) -> bool:
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        return await asyncio.wait_for(reader.read(), timeout=10) == b""
    except ConnectionError:
        return True
    finally:
        writer.close()


async def test_the_tls_handshake_has_a_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "TLS_HANDSHAKE_TIMEOUT_S", 0.3)
    async with _server(tmp_path) as (server, address):
        with closing(socket.create_connection(address)) as client:
            assert await _ends(client)
        assert not server.in_handshake()


async def test_connections_are_counted_before_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web_image_ocr.server.connection_limit.MAX_CONNECTIONS", 1)
    async with _server(tmp_path) as (server, address):
        first, second = (socket.create_connection(address) for _ in range(2))
        with closing(first), closing(second):
            assert await _ends(first)
            assert server.in_handshake()


async def test_a_handshake_cancelled_before_it_starts_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accept several clients at once: they displace each other before any task runs."""
    monkeypatch.setattr("web_image_ocr.server.connection_limit.MAX_CONNECTIONS", 2)
    async with _server(tmp_path) as (server, address):
        clients = [socket.create_connection(address) for _ in range(5)]
        try:
            server.accept_queued(server.listener)
            for client in clients[:3]:
                assert await _ends(client)
            assert len(server._handshakes) == 2
        finally:
            for client in clients:
                client.close()


async def test_each_connection_of_a_trusted_proxy_counts_as_a_network(tmp_path: Path) -> None:
    async with _server(tmp_path, trusted_proxies=("127.0.0.0/8",)) as (server, address):
        clients = [socket.create_connection(address) for _ in range(3)]
        server.accept_queued(server.listener)
        networks = {connection.network for connection in server._handshakes}
        assert networks == {f"127.0.0.1 {client.getsockname()[1]}" for client in clients}
        for client in clients:
            client.close()


async def test_the_server_recovers_from_running_out_of_file_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "_ACCEPT_RETRY_S", 0.05)
    accept, failures = AcceptingServer._accept_one, 3

    def scarce(server: AcceptingServer, listener: socket.socket) -> bool:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(24, "Too many open files")
        return accept(server, listener)

    monkeypatch.setattr(AcceptingServer, "_accept_one", scarce)
    async with _server(tmp_path) as (server, address):
        with closing(socket.create_connection(address)):
            async with asyncio.timeout(10):
                while not server.in_handshake():  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.02)
    assert failures == 0
