"""Attack the event loop of a running server without credentials."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.servers import Server, running_server

pytestmark = [pytest.mark.server, pytest.mark.models]

CROWD = 4
CHUNKED = " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
TINY_CHUNKS = b"1\r\nX\r\n" * 10_000
MANY_HEADERS = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"a:b\r\n" * 25_000 + b"\r\n"
ROUNDS = 60
CALLS = CROWD * ROUNDS
FACTOR = 10
"""An attack may cost as much as ten times ``CALLS`` honest calls, so a call for a thousand chunks
and ten for each connection with too many headers; parsed in Python, it cost a hundred times as
much. Compared with calls, the bound holds on a slow machine, too."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("attacked"), "--no-auth") as server:
        yield server


def _connected(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def _answer(client: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionError):
        while part := client.recv(65536):
            received += part
    return received


def _send_chunks(server: Server, path: str) -> int:
    """Send 600,000 chunks and return the status, unless the server closes the connection."""
    with closing(_connected(server)) as client:
        client.sendall(f"POST {path}{CHUNKED}".encode())
        with suppress(ConnectionError):
            for _ in range(ROUNDS):
                client.sendall(TINY_CHUNKS)
        return int(_answer(client)[9:12])


def _send_headers(server: Server) -> set[int]:
    """Send 25,000 headers repeatedly and return the statuses."""
    statuses = set()
    for _ in range(ROUNDS):
        with closing(_connected(server)) as client:
            client.sendall(MANY_HEADERS)
            statuses.add(int(_answer(client)[9:12]))
    return statuses


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def bound_s(server: Server) -> float:
    """Return the CPU time that an attack may cost."""
    before = _cpu_s(server.process.pid)
    with httpx.Client(headers={"Connection": "close"}, timeout=20) as client:
        for _ in range(CALLS):
            assert client.get(f"{server.url}/healthz").status_code == 200
    return FACTOR * (_cpu_s(server.process.pid) - before)


@pytest.mark.parametrize(
    ("path", "statuses"), [("/nope", {400, 404}), (f"/v2/{'0' * 32}/ocr/web-image", {400})]
)
def test_tiny_chunks_cost_little_cpu_time(
    server: Server, bound_s: float, path: str, statuses: set[int]
) -> None:
    """Parsed one by one in Python, 2.4 million chunks took about 40 s of CPU time."""
    before = _cpu_s(server.process.pid)
    with ThreadPoolExecutor(CROWD) as threads:
        crowd = [threads.submit(_send_chunks, server, path) for _ in range(CROWD)]
        while not all(attacker.done() for attacker in crowd):
            assert httpx.get(f"{server.url}/healthz", timeout=20).status_code == 200
            time.sleep(0.05)
    assert {attacker.result() for attacker in crowd} <= statuses
    assert _cpu_s(server.process.pid) - before < bound_s


def test_many_headers_cost_little_cpu_time(server: Server, bound_s: float) -> None:
    """Parsed one by one in Python, 6 million headers took about 17 s of CPU time."""
    before = _cpu_s(server.process.pid)
    with ThreadPoolExecutor(CROWD) as threads:
        crowd = [threads.submit(_send_headers, server) for _ in range(CROWD)]
    assert [attacker.result() for attacker in crowd] == [{494}] * CROWD
    assert _cpu_s(server.process.pid) - before < bound_s


def test_probes_upgrades_and_absolute_targets(server: Server) -> None:
    """Send requests as load balancers, browsers and proxies do."""
    end = "Host: localhost\r\nConnection: close\r\n\r\n"
    upgrade = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    for request in (
        "HEAD /healthz HTTP/1.1\r\n" + end,
        "HEAD /readyz HTTP/1.1\r\n" + end,
        f"GET http://localhost/healthz HTTP/1.1\r\n{end}",
        f"GET /healthz HTTP/1.1\r\n{upgrade}\r\nGET /healthz HTTP/1.1\r\n{end}",
    ):
        with closing(_connected(server)) as client:
            client.sendall(request.encode())
            assert int(_answer(client)[9:12]) == 200
    # The log is a queue: earlier records are written when that of this call is.
    last = httpx.get(f"{server.url}/nowhere").headers["x-request-id"]
    while last not in (log := server.log.read_text(encoding="utf-8")):
        time.sleep(0.05)
    assert "upgrade" not in log.lower()
    assert "websocket" not in log.lower()
