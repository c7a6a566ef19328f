"""Limit the number of open connections, and the memory that their request headers take.

Threat: connection exhaustion. One client opens connections until the process runs out of file
descriptors or memory, or until no other client is accepted. It sends nothing, half a header block,
or a request now and then.
Rule: a connection counts from before its TLS handshake. One without a request is *idle*. At the
limit, the client network with the most idle connections loses its longest-idle one. If the new
connection's network holds more connections than that one, that network loses an idle connection
instead, or the new one is refused.
Not covered: requests in progress are never interrupted, and an attacker with addresses in many
networks gets a share for each.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from typing import Protocol

import structlog

from web_image_ocr.api.limits.body_budget import BodyBudget, Holder
from web_image_ocr.server.parser import MAX_HEADER_BYTES

log = structlog.stdlib.get_logger(__name__)

MAX_CONNECTIONS = 2000
"""Open at a time."""

FREE_HEADER_BYTES = 8 * 1024
"""Header bytes of each connection that do not count: most requests need less."""

HEADER_MEMORY_BYTES = 32 * 1024**2
"""Beyond that, for the headers of all connections together."""

_NETWORK_SHARE = 1 / 3
"""Multiple of the free memory that the headers of one client network may take: alone, a quarter of
all (see ``api.limits.body_budget``)."""

_WARNING_INTERVAL_S = 10.0


class ThrottledWarning:
    """Log a warning at most once in ten seconds: clients can cause it at will."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._not_before = 0.0

    def log(self, **values: object) -> None:
        """Log the warning, unless it was logged recently."""
        now = time.monotonic()
        if now >= self._not_before:
            self._not_before = now + _WARNING_INTERVAL_S
            log.warning(self._event, **values)


_too_many = ThrottledWarning("too many connections")


def max_connections() -> int:
    """Return half of the process's file descriptor limit, at most ``MAX_CONNECTIONS``."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, files // 2)


class LimitedConnection(Protocol):
    """Represent a connection that counts."""

    network: str

    def abort(self) -> None:
        """Close the connection at once."""


class ConnectionLimit:
    """Count open connections by client network; displace an idle one at the limit.

    For use in one event loop.
    """

    def __init__(self) -> None:
        self._headers = BodyBudget(
            HEADER_MEMORY_BYTES, unauthenticated=HEADER_MEMORY_BYTES, floor=MAX_HEADER_BYTES
        )
        self._open: set[LimitedConnection] = set()
        self._per_network: Counter[str] = Counter()
        self._idle: dict[str, dict[LimitedConnection, None]] = {}  # per network, longest first

    def admit(self, new: LimitedConnection) -> bool:
        """Return whether the connection may stay; abort an idle one to make room for it."""
        if len(self._open) >= (most := max_connections()):
            _too_many.log(most=most)
            displaced = self._displaced_by(new.network)
            if displaced is None:
                return False
            self.remove(displaced)
            displaced.abort()
        self._open.add(new)
        self._per_network[new.network] += 1
        self.end_request(new)
        return True

    def begin_request(self, connection: LimitedConnection) -> None:
        """Record that the connection has a request in progress and must not be displaced."""
        idle = self._idle.get(connection.network, {})
        idle.pop(connection, None)
        if not idle:
            self._idle.pop(connection.network, None)

    def end_request(self, connection: LimitedConnection) -> None:
        """Record that the connection is idle, as the most recent one of its network."""
        if connection in self._open:
            self._idle.setdefault(connection.network, {})[connection] = None

    def remove(self, connection: LimitedConnection) -> None:
        """Record that the connection is closed; may be called again."""
        if connection not in self._open:
            return
        self.begin_request(connection)
        self._open.remove(connection)
        self._per_network[connection.network] -= 1
        if not self._per_network[connection.network]:
            del self._per_network[connection.network]

    def header_memory(self, network: str) -> HeaderMemory:
        """Return the account of header memory for a new connection of the network."""
        return HeaderMemory(self._headers, network)

    def _displaced_by(self, network: str) -> LimitedConnection | None:
        """Return the connection to close for a new one of the network; None to refuse that."""
        if not self._idle:
            return None
        loser = max(self._idle, key=lambda one: len(self._idle[one]))
        if self._per_network[network] > self._per_network[loser]:
            loser = network
        return next(iter(self._idle.get(loser, {})), None)


class HeaderMemory:
    """Count the memory that the request headers of one connection take."""

    def __init__(self, budget: BodyBudget, network: str) -> None:
        self._budget = budget
        self._holder = Holder(authenticated=False, shares=((network, _NETWORK_SHARE),))
        self._held = 0

    def hold(self, size: int) -> None:
        """Count ``size`` bytes of headers, in place of those counted before.

        Raises:
            ServiceError: ``OVERLOADED`` when there is not enough memory left.
        """
        counted = max(0, size - FREE_HEADER_BYTES)
        if counted > self._held:
            self._budget.reserve(counted - self._held, self._holder)
        else:
            self._budget.release(self._held - counted, self._holder)
        self._held = counted
