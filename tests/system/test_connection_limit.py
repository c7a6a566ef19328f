"""Open more connections than the limit: the server goes on, and its log stays short."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import self_signed
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Server, running_server

pytestmark = [pytest.mark.server, pytest.mark.models]

FILES = 256
"""File descriptor limit of the server; half of it is for connections."""
CROWD = 300
PICTURE = {"image": to_base64(encode_image(draw_image(size=(40, 24))))}


@contextlib.contextmanager
def _idle_clients(server: Server, *, tls: bool) -> Iterator[None]:
    """Open idle connections, with or without a TLS handshake."""
    url = httpx.URL(server.url)
    context = ssl._create_unverified_context()  # noqa: S323 - self-signed
    with contextlib.ExitStack() as stack:
        for _ in range(CROWD):
            with contextlib.suppress(OSError):  # above the limit
                client = socket.create_connection((url.host, url.port or 0), timeout=10)
                stack.enter_context(contextlib.closing(client))
                if tls:
                    stack.enter_context(contextlib.closing(context.wrap_socket(client)))
        yield


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_idle_connections_leave_file_descriptors_for_workers_and_log_little(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    flags = ("--no-auth", "--tls-cert", str(certificate), "--tls-key", str(key))
    with (
        running_server(tmp_path, *flags) as server,
        httpx.Client(base_url=server.url, verify=False, timeout=60) as client,  # noqa: S501
    ):
        path = f"/v2/{'0' * 32}/ocr/web-image"
        assert client.post(path, json=PICTURE).status_code == 200
        workers = server.workers()
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))

        with _idle_clients(server, tls=True):
            assert server.records("too many connections")[0]["most"] == FILES // 2
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            _wait_for(lambda: len(server.records("worker ready")) == 2 * len(workers))
            assert client.post(path, json=PICTURE).status_code == 200

        lines = len(server.log.read_bytes().splitlines())
        with _idle_clients(server, tls=False):
            for _ in range(3):  # each on a new connection
                assert httpx.get(f"{server.url}/readyz", verify=False).status_code == 200  # noqa: S501
            assert client.post(path, json=PICTURE).status_code == 200
            assert len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())) < FILES * 3 // 4
        assert len(server.log.read_bytes().splitlines()) - lines < 5
