"""Servers that the contract's tests share; each is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.certificates import self_signed
from tests.contract.file_server import FileServer, serving_files
from tests.contract.pictures import encoded, picture
from tests.contract.servers import Server, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings (one worker)."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def throttled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes one call a minute."""
    data_dir = tmp_path_factory.mktemp("throttled")
    with running_server(data_dir, settings={"API__RATE_LIMIT": "1/minute"}) as running:
        yield running


@pytest.fixture(scope="session")
def files() -> Iterator[FileServer]:
    """A web server with pictures on this machine."""
    with serving_files() as running:
        yield running


@pytest.fixture(scope="session")
def lenient_server(tmp_path_factory: pytest.TempPathFactory, files: FileServer) -> Iterator[Server]:
    """The edition of 2025 by TLS, allowed to fetch from this machine, for 2 s at most."""
    data_dir = tmp_path_factory.mktemp("lenient")
    certificate, key = self_signed(data_dir)
    settings = {
        "API__EDITION": "2025",
        "FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "FETCH__ALLOWED_PORTS": f"80,443,{files.port},{files.closed_port}",
        "FETCH__TOTAL_S": "2",
    }
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running_server(data_dir, *flags, settings=settings) as running:
        yield running


@pytest.fixture(scope="session")
def hello() -> bytes:
    """A picture of one line, as a PNG file."""
    return encoded(picture(((60, 60), "Hello World")))
