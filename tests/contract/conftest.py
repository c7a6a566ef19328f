"""Fixtures: servers shared by the contract tests, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.file_server import FileServer, serving_files
from tests.support.certificates import self_signed
from tests.support.images import draw_image, encode_image
from tests.support.servers import Service, running_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield a server with default settings (one worker)."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="session")
def throttled_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yield a server that allows one call a minute."""
    data_dir = tmp_path_factory.mktemp("throttled")
    settings = {"WEB_IMAGE_OCR_API__RATE_LIMIT": "1/minute"}
    with running_service(data_dir, environment=settings) as running:
        yield running


@pytest.fixture(scope="session")
def files() -> Iterator[FileServer]:
    """Yield a local web server with images."""
    with serving_files() as running:
        yield running


@pytest.fixture(scope="session")
def lenient_service(
    tmp_path_factory: pytest.TempPathFactory, files: FileServer
) -> Iterator[Service]:
    """Yield a server of the 2025 edition with TLS that may fetch from this machine for 2 s."""
    data_dir = tmp_path_factory.mktemp("lenient")
    certificate, key = self_signed(data_dir)
    settings = {
        "WEB_IMAGE_OCR_API__EDITION": "2025",
        "WEB_IMAGE_OCR_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEB_IMAGE_OCR_FETCH__ALLOWED_PORTS": f"80,443,{files.port},{files.closed_port}",
        "WEB_IMAGE_OCR_FETCH__TOTAL_S": "2",
    }
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running_service(data_dir, *flags, environment=settings) as running:
        yield running


@pytest.fixture(scope="session")
def hello() -> bytes:
    """Return an image of one line, as a PNG file."""
    return encode_image(draw_image(((60, 60), "Hello World")))
