"""Classify IP addresses as public or not, without lookups.

Threat: SSRF. A caller names an address that only this server can reach (loopback, the local
network, a cloud metadata service) and has the server call it. Addresses have many spellings, and
several IPv6 ranges embed an IPv4 address.

Rule: only parsed addresses are classified, never text. IPv4 is public outside the special-purpose
ranges of the IANA registry (RFC 6890 and its updates). IPv6 is public only inside 2000::/3 and
outside its special-purpose ranges. IPv4-mapped and NAT64 addresses (RFC 6052) are classified by
the embedded IPv4 address. Obsolete embeddings (IPv4-compatible, 6to4, Teredo) are not public.

Residual risk: hosts with public addresses that trust this server's address, and network-specific
NAT64 prefixes outside 64:ff9b::/96, which look like any public address.
"""

from __future__ import annotations

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # "this network"; many systems connect to themselves
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT; also one cloud's metadata service
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # one cloud's host agent, although in a public range
            "169.254.0.0/16",  # link-local, with most metadata services
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112, anycast
            "192.52.193.0/24",  # automatic multicast tunneling
            "192.88.99.0/24",  # 6to4 relays, obsolete
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112, anycast
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")

_SPECIAL_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112, anycast
            "3fff::/20",  # documentation
        ),
    )
)

_EMBEDS_V4 = (
    ipaddress.IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64
)


def is_public(address: IpAddress) -> bool:
    """Return whether the address belongs to the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if address.scope_id is not None:
        return False
    if any(address in network for network in _EMBEDS_V4):
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_V6 and not any(address in network for network in _SPECIAL_V6)
