"""The address a call comes from, as far as it can be believed."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "unknown"


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
        if not self._is_trusted(peer):
            return peer
        forwarded = b",".join(
            value for name, value in scope["headers"] if name == b"x-forwarded-for"
        )
        believed = peer
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            try:
                believed = str(ipaddress.ip_address(hop.strip()))
            except ValueError:
                break
            if not self._is_trusted(believed):
                break
        return believed

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
