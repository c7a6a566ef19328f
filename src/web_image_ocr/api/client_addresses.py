"""Find the address of a client behind trusted proxies."""

from __future__ import annotations

import ipaddress
import re

from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "unknown"

_HOP = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.]+)\]|(?P<plain>[0-9.]+))(?::[0-9]{1,5})?", re.ASCII
)
_MAX_HOPS = 32
"""Entries of ``X-Forwarded-For`` that are evaluated, from the right."""


class ClientAddresses:
    """Find the addresses of clients.

    Args:
        trusted_proxies: networks in CIDR form whose ``X-Forwarded-For`` is trusted.

    Raises:
        ValueError: one of them is not a network.
    """

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        self._trusted: list[Network] = [ipaddress.ip_network(cidr) for cidr in trusted_proxies]

    def of(self, scope: Scope) -> str:
        """Return the right-most address that is not a trusted proxy, else the peer's.

        Entries further left in ``X-Forwarded-For`` come from the client and may be forged.
        """
        peer = scope["client"][0] if scope.get("client") else UNKNOWN
        if not self.is_trusted(peer):
            return peer
        forwarded = b",".join(
            value for name, value in scope["headers"] if name == b"x-forwarded-for"
        )
        client = peer
        hops = forwarded.decode("latin-1").rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]
        for hop in reversed(hops):
            address = _parse(_strip(hop))
            if address is None:
                break
            client = str(address)
            if not self.is_trusted(client):
                break
        return client

    def is_trusted(self, text: str) -> bool:
        """Return whether the text is the address of a trusted proxy."""
        address = _parse(text)
        return address is not None and any(address in network for network in self._trusted)


def _strip(hop: str) -> str:
    """Return the address of a hop without quotes, brackets and port.

    The port of an IPv6 address can be recognized only after brackets.
    """
    hop = hop.strip().removeprefix('"').removesuffix('"')
    match = _HOP.fullmatch(hop)
    return (match["bracketed"] or match["plain"]) if match else hop


def _parse(text: str) -> Address | None:
    """Return the address, an IPv4-mapped IPv6 address as IPv4; None if it is invalid."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
