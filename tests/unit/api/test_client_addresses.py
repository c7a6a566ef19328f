from __future__ import annotations

import pytest

from web_image_ocr.api.client_addresses import ClientAddresses

TRUSTED = ("10.0.0.0/8", "fd00::/8")


def _address(peer: str, *forwarded: str, trusted: tuple[str, ...] = TRUSTED) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    return ClientAddresses(trusted).of(scope)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.7",), "192.0.2.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.7, 10.9.9.9",), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1", "203.0.113.7"), "203.0.113.7"),
        ("10.0.0.1", ("10.0.0.2, 10.0.0.3",), "10.0.0.2"),
        ("10.0.0.1", ("203.0.113.7, garbage",), "10.0.0.1"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("fd00::1", ("2001:db8::7",), "2001:db8::7"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7:51234",), "203.0.113.7"),
        ("10.0.0.1", ('"203.0.113.7:51234"',), "203.0.113.7"),
        ("10.0.0.1", ("1.1.1.1, 203.0.113.7:51234, 10.9.9.9:80",), "203.0.113.7"),
        ("10.0.0.1", ("[2001:db8::7]",), "2001:db8::7"),
        ("10.0.0.1", ("[2001:db8::7]:51234",), "2001:db8::7"),
        ("10.0.0.1", ('1.1.1.1, "[2001:db8::7]:51234"',), "2001:db8::7"),
        ("10.0.0.1", ('"2001:db8::7"',), "2001:db8::7"),
        ("10.0.0.1", ("[::ffff:203.0.113.7]:80",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7, [10.9.9.9]:80",), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7:",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7:port",), "10.0.0.1"),
        ("10.0.0.1", ("[203.0.113.7",), "10.0.0.1"),
        ("10.0.0.1", ("1.1.1.1, [2001:db8::7]x",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7," + "10.0.0.2," * 40 + "10.0.0.3",), "10.0.0.2"),
    ],
)
def test_the_right_most_address_that_is_not_a_trusted_proxy(
    peer: str, forwarded: tuple[str, ...], expected: str
) -> None:
    assert _address(peer, *forwarded) == expected


def test_without_trusted_proxies_the_peer_counts() -> None:
    assert _address("127.0.0.1", "203.0.113.7", trusted=()) == "127.0.0.1"


def test_a_peer_may_be_unknown() -> None:
    scope: dict[str, object] = {"type": "http", "client": None, "headers": []}
    assert ClientAddresses(TRUSTED).of(scope) == "unknown"


def test_an_invalid_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        ClientAddresses(("somewhere",))
