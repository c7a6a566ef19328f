"""What counts as one caller on the network."""

from __future__ import annotations

import ipaddress

_LONGEST = 64


def network_of(client: str) -> str:
    """The network whose addresses one caller may have, as text of at most 64 characters.

    An IPv6 address stands for its /64, since one machine usually has all of it; an IPv4
    address, also when it came through a socket of IPv6, for itself. What is no address
    stays as it is, cut to length.
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:_LONGEST]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed[:8] + bytes(8), 64)))
