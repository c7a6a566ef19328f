"""The address a call comes from, as far as it can be believed."""

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
_MOST_HOPS = 32
"""Entries of ``X-Forwarded-For`` that are looked at, from the right."""


class ClientAddresses:
    """Finds the client's address behind proxies.

    Args:
        trusted_proxies: networks in CIDR form whose ``X-Forwarded-For`` is believed.

    Raises:
        ValueError: one of them is no network.
    """

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        self._trusted: list[Network] = [ipaddress.ip_network(cidr) for cidr in trusted_proxies]

    def of(self, scope: Scope) -> str:
        """The right-most address that is no trusted proxy; the peer's if none is.

        What stands further left in ``X-Forwarded-For`` was written by the client and may
        be invented.
        """
        peer = scope["client"][0] if scope.get("client") else UNKNOWN
        if not self.is_trusted(peer):
            return peer
        forwarded = b",".join(
            value for name, value in scope["headers"] if name == b"x-forwarded-for"
        )
        believed = peer
        hops = forwarded.decode("latin-1").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]
        for hop in reversed(hops):
            address = _parsed(_bare(hop))
            if address is None:
                break
            believed = str(address)
            if not self.is_trusted(believed):
                break
        return believed

    def is_trusted(self, text: str) -> bool:
        """Return whether the text is the address of a trusted proxy."""
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


def _bare(hop: str) -> str:
    """Return the address of a hop without the quotes, brackets and port that proxies write.

    The port of an IPv6 address can be told only behind brackets.
    """
    hop = hop.strip().removeprefix('"').removesuffix('"')
    match = _HOP.fullmatch(hop)
    return (match["bracketed"] or match["plain"]) if match else hop


def _parsed(text: str) -> Address | None:
    """The address; one of IPv4 that came through a socket of IPv6 as that of IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
