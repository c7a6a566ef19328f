from __future__ import annotations

import ipaddress

import pytest

from web_image_ocr.sources.addresses import IpAddress, is_public

RANGES = [
    # (first address, last address) of ranges that are not public
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104 - nothing is bound
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]


def in_a_range(address: IpAddress) -> bool:
    pairs = [(ipaddress.ip_address(first), ipaddress.ip_address(last)) for first, last in RANGES]
    return any(
        low.version == address.version and int(low) <= int(address) <= int(high)
        for low, high in pairs
    )


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_whole_range_is_not_public(first: str, last: str) -> None:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    middle = type(low)((int(low) + int(high)) // 2)
    assert not any(map(is_public, (low, middle, high)))


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_neighbors_of_a_range_are_public(first: str, last: str) -> None:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    numbers = [n for n in (int(low) - 1, int(high) + 1) if 0 <= n < 1 << low.max_prefixlen]
    neighbours: list[IpAddress] = [type(low)(number) for number in numbers]
    for neighbour in neighbours:
        assert is_public(neighbour) is not in_a_range(neighbour)


NOT_PUBLIC = """
    0.0.0.0 0.0.0.1 10.0.0.1 10.255.255.254 100.64.0.1 100.100.100.200 127.0.0.1 127.1.2.3
    168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
    192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1
    198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255
    :: ::1 ::2 ::7f00:1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8
    ::ffff:0.0.0.0 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    ::ffff:192.168.1.1 ::ffff:100.64.0.1 ::ffff:224.0.0.1 ::ffff:0:127.0.0.1
    64:ff9b::127.0.0.1 64:ff9b::10.1.2.3 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 64:ff9b:1::1
    100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1
    2001:20::1 2001:db8::1 2001:db8:ffff::1 2002:7f00:1::1 2002:c0a8:101::1
    2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1
    fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 fe80::a9fe:a9fe fec0::1 feff::1 ff02::1
    ff0e::1 2606:4700::1111%eth0
"""


@pytest.mark.parametrize("text", NOT_PUBLIC.split())
def test_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


PUBLIC = """
    1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0
    126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0
    172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.88.98.255
    192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255
    198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200:: 2001:4860:4860::8888 2001:db7:: 2001:db9::
    2003:: 2400:cb00::1 2606:4700::1111 2a00:1450:4001::1 3ffe::1
"""


@pytest.mark.parametrize("text", PUBLIC.split())
def test_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
