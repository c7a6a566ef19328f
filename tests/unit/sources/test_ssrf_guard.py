from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.ssrf_guard import AddressPolicy, SsrfGuard
from web_image_ocr.sources.urls import parse_target


async def no_lookup(_: str) -> Sequence[str]:
    raise AssertionError("unexpected lookup")


def guard(host: str = "example.com", config: FetchConfig | None = None) -> SsrfGuard:
    target = parse_target(f"http://{host}/", (80,))
    return SsrfGuard(target, AddressPolicy(config or FetchConfig()), no_lookup)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_no_socket_is_opened_for_a_private_address(address: str) -> None:
    """The second check, against DNS rebinding, whatever the lookup returned."""
    ssrf_guard = guard()
    with pytest.raises(PermissionError):
        ssrf_guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))
    assert ssrf_guard.refused


def test_socket_is_opened_for_a_public_address() -> None:
    ssrf_guard = guard()
    ssrf_guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()
    assert not ssrf_guard.refused


def test_literal_private_address_is_refused_first() -> None:
    with pytest.raises(ServiceError) as caught:
        guard("192.168.1.1")
    assert caught.value.kind is ErrorKind.SOURCE_FORBIDDEN


def test_network_can_be_allowed() -> None:
    guard("192.168.1.1", FetchConfig(allowed_networks=("192.168.1.0/24",)))
    with pytest.raises(ServiceError):
        guard("192.168.2.1", FetchConfig(allowed_networks=("192.168.1.0/24",)))
