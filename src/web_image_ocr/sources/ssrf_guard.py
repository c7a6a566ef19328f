"""Stands between a connection and the addresses it may have.

Threat, rule and what remains open: see ``addresses`` and ``fetch``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.addresses import IpAddress, IpNetwork, is_public
from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.urls import Target

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name as text, at least one; raises ``OSError`` where there is none."""


LOOKUP_STEP_S = 1.0
"""A failed look-up is told after a whole number of these, since a name server of the own network
answers sooner than one elsewhere, and sooner where it knows the name."""


class AddressPolicy:
    """Which addresses may be called: public ones, and what the operator allows."""

    def __init__(self, config: FetchConfig) -> None:
        self._hosts = frozenset(host.lower() for host in config.allowed_hosts)
        self._networks: Iterable[IpNetwork] = tuple(
            ipaddress.ip_network(network) for network in config.allowed_networks
        )

    def names(self, host: str) -> bool:
        """Return whether the operator named this host, so that nothing about it is secret."""
        return host in self._hosts

    def allows(self, host: str, address: IpAddress) -> bool:
        """Whether ``host`` may be called at ``address``."""
        if host in self._hosts or is_public(address):
            return True
        return any(address in network for network in self._networks)


class SsrfGuard(AbstractResolver):
    """Looks one target up, and checks each address: when found and when connected to.

    Threat: a caller learns from the error, or from how soon it comes, which names exist in the
    server's own network. Rule: a name without an address and one with an address that may not
    be called fail in the same way and after a multiple of ``LOOKUP_STEP_S``. Only what is
    written as an address, and ``localhost``, is refused openly: the caller knows what it is.

    Attributes:
        refused: an address of the name was refused; for the log.
    """

    def __init__(self, target: Target, policy: AddressPolicy, resolve: Resolve) -> None:
        self._host = target.host
        self._policy = policy
        self._resolve = resolve
        self.refused = False
        if target.address is not None and not self._allows(str(target.address)):
            raise _forbidden()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of the target, each of which may be called.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` if this is ``localhost`` and may not be called.
            OSError: the name has no address, or one that may not be called.
        """
        del family
        started = time.monotonic()
        try:
            addresses = await self._resolve(host)
        except OSError:
            addresses = ()
        if not addresses or not all(map(self._allows, addresses)):
            if self.refused and _is_localhost(host):
                raise _forbidden()
            if not self._policy.names(host):
                await _round_up(started)
            raise OSError("the name has no address that may be called")
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
        """Return a socket for the address that is now connected to, which is checked once more.

        Raises:
            PermissionError: it may not be called. Not a ``ServiceError``, because aiohttp
                tries several addresses and gathers only errors of the system.
        """
        family, kind, protocol, _, where = entry
        if not self._allows(str(where[0])):
            raise PermissionError("the address is not public")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _allows(self, address: str) -> bool:
        try:
            allowed = self._policy.allows(self._host, ipaddress.ip_address(address))
        except ValueError:
            allowed = False
        self.refused = self.refused or not allowed
        return allowed


def _forbidden() -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_FORBIDDEN, "the address is not public")


def _is_localhost(host: str) -> bool:
    """Return whether the name means this machine by definition (RFC 6761)."""
    return f".{host.rstrip('.')}".endswith(".localhost")


def seconds_to_next_step(elapsed: float) -> float:
    """Return the seconds until a whole number of steps has passed."""
    return LOOKUP_STEP_S - elapsed % LOOKUP_STEP_S


async def _round_up(started: float) -> None:
    await asyncio.sleep(seconds_to_next_step(time.monotonic() - started))
