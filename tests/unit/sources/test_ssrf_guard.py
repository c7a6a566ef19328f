from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.ssrf_guard import AddressPolicy, SsrfGuard
from web_image_ocr.sources.urls import parse_target


async def nowhere(_: str) -> Sequence[str]:
    raise AssertionError("not looked up")


def guard(host: str = "example.com", config: FetchConfig | None = None) -> SsrfGuard:
    target = parse_target(f"http://{host}/", (80,))
    return SsrfGuard(target, AddressPolicy(config or FetchConfig()), nowhere)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_no_socket_is_made_for_a_private_address(address: str) -> None:
    """The last line of defence: whatever the look-up said."""
    stands = guard()
    with pytest.raises(PermissionError):
        stands.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)))
    assert stands.refused


def test_socket_is_made_for_a_public_address() -> None:
    stands = guard()
    stands.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))).close()
    assert not stands.refused


def test_private_address_as_host_is_refused_before_anything_else() -> None:
    with pytest.raises(ServiceError) as caught:
        guard("192.168.1.1")
    assert caught.value.kind is ErrorKind.SOURCE_FORBIDDEN


def test_network_can_be_allowed() -> None:
    guard("192.168.1.1", FetchConfig(allowed_networks=("192.168.1.0/24",)))
    with pytest.raises(ServiceError):
        guard("192.168.2.1", FetchConfig(allowed_networks=("192.168.1.0/24",)))
