from __future__ import annotations

import pytest

from web_image_ocr.primitives.networks import client_network


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("", ""),
        ("a" * 100, "a" * 64),
    ],
)
def test_the_network_of_a_client_address(client: str, network: str) -> None:
    assert client_network(client) == network
