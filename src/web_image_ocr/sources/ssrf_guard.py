"""Prevent server-side request forgery (SSRF): check every address before connecting to it.

See ``addresses`` and ``guarded_fetch`` for threat, rule and residual risk.
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
"""Returns at least one address of a name as text; raises ``OSError`` when it has none."""


LOOKUP_STEP_S = 1.0
"""Seconds. The time of a failed lookup is rounded up to a multiple, against a timing attack: an
internal name server answers sooner than an external one, in particular for a name it knows."""


class AddressPolicy:
    """Allow public addresses, and the hosts and networks that the operator allows."""

    def __init__(self, config: FetchConfig) -> None:
        self._hosts = frozenset(host.lower() for host in config.allowed_hosts)
        self._networks: Iterable[IpNetwork] = tuple(
            ipaddress.ip_network(network) for network in config.allowed_networks
        )

    def allows_host(self, host: str) -> bool:
        """Return whether the operator allows this host name, whatever its addresses."""
        return host in self._hosts

    def allows(self, host: str, address: IpAddress) -> bool:
        """Return whether the server may connect to ``host`` at ``address``."""
        if host in self._hosts or is_public(address):
            return True
        return any(address in network for network in self._networks)


class SsrfGuard(AbstractResolver):
    """Resolve one target, and check its addresses when resolved and again when connecting.

    Threat: information disclosure. The error, or its timing, tells the caller which names exist in
    the server's network.

    Rule: a name without addresses and a name with a forbidden address fail with the same error,
    after a multiple of ``LOOKUP_STEP_S``. Only literal addresses and ``localhost`` are refused
    openly, because the caller knows what they are.

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
        """Return the addresses of the target, all of them allowed.

        Raises:
            ServiceError: ``SOURCE_FORBIDDEN`` for a forbidden ``localhost``.
            OSError: the name has no address, or a forbidden one.
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
            if not self._policy.allows_host(host):
                await _wait_for_next_step(started)
            raise OSError("the name has no allowed address")
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
        """Return a socket for the address to connect to, after checking it again.

        The second check defeats DNS rebinding, a time-of-check to time-of-use (TOCTOU) attack.

        Raises:
            PermissionError: the address is forbidden. Not a ``ServiceError``, because aiohttp
                tries several addresses and collects only errors of the system.
        """
        family, kind, protocol, _, address = entry
        if not self._allows(str(address[0])):
            raise PermissionError("the address is not public")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Do nothing: the guard holds no resources."""

    def _allows(self, address: str) -> bool:
        try:
            allowed = self._policy.allows(self._host, ipaddress.ip_address(address))
        except ValueError:
            allowed = False
        self.refused = self.refused or not allowed
        return allowed


def _forbidden() -> ServiceError:
    return ServiceError(
        ErrorKind.SOURCE_FORBIDDEN, "the address is not public and not allowed by the settings"
    )


def _is_localhost(host: str) -> bool:
    """Return whether the name always means this machine (RFC 6761)."""
    return f".{host.rstrip('.')}".endswith(".localhost")


def seconds_to_next_step(elapsed: float) -> float:
    """Return the seconds from ``elapsed`` to the next multiple of ``LOOKUP_STEP_S``."""
    return LOOKUP_STEP_S - elapsed % LOOKUP_STEP_S


async def _wait_for_next_step(started: float) -> None:
    await asyncio.sleep(seconds_to_next_step(time.monotonic() - started))
