"""Group client addresses by network, the unit of limits for unauthenticated callers."""

from __future__ import annotations

import ipaddress

_MAX_LENGTH = 64


def client_network(client: str) -> str:
    """Return the network of a client address, as text of at most 64 characters.

    An IPv6 address stands for its /64, since one machine usually owns all of it. An IPv4 address,
    also in its IPv4-mapped IPv6 form, stands for itself. Other text is returned, cut to length.
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:_MAX_LENGTH]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed[:8] + bytes(8), 64)))
