"""Stands between a connection and the addresses it may have.

Threat, rule and what remains open: see ``addresses`` and ``fetch``.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from web_image_ocr.images.addresses import IpAddress, IpNetwork, is_public
from web_image_ocr.images.config import FetchConfig
from web_image_ocr.images.urls import Target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name as text, at least one; raises ``OSError`` where there is none."""


class AddressPolicy:
    """Which addresses may be called: public ones, and what the operator allows."""

    def __init__(self, config: FetchConfig) -> None:
        self._hosts = frozenset(host.lower() for host in config.allowed_hosts)
        self._networks: Iterable[IpNetwork] = tuple(
            ipaddress.ip_network(network) for network in config.allowed_networks
        )

    def allows(self, host: str, address: IpAddress) -> bool:
        """Whether ``host`` may be called at ``address``."""
        if host in self._hosts or is_public(address):
            return True
        return any(address in network for network in self._networks)


class ConnectionGuard(AbstractResolver):
    """Looks one target up, and checks each address: when found and when connected to.

    Attributes:
        refused: an address was refused; whatever error the connection then ended with,
            this is its cause.
    """

    def __init__(self, target: Target, policy: AddressPolicy, resolve: Resolve) -> None:
        self._host = target.host
        self._policy = policy
        self._resolve = resolve
        self.refused = False
        if target.address is not None:
            self._require(str(target.address))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the target, each of which may be called.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` if a single one may not.
            OSError: the name has no address.
        """
        del family
        addresses = await self._resolve(host)
        for address in addresses:
            self._require(address)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    def open_socket(self, entry: AddrInfoType) -> socket.socket:
        """A socket for the address that is now connected to, which is checked once more.

        Raises:
            PermissionError: it may not be called. Not a ``ServiceError``, because aiohttp
                tries several addresses and gathers only errors of the system.
        """
        family, kind, protocol, _, where = entry
        if not self._allows(str(where[0])):
            raise PermissionError("the address is not public")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Nothing to close."""

    def _require(self, address: str) -> None:
        if not self._allows(address):
            raise ServiceError(ErrorKind.SOURCE_FORBIDDEN, "the address is not public")

    def _allows(self, address: str) -> bool:
        try:
            allowed = self._policy.allows(self._host, ipaddress.ip_address(address))
        except ValueError:
            allowed = False
        self.refused = self.refused or not allowed
        return allowed
