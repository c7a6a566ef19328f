"""The limit on open connections, and on the memory that their request heads take together.

Threat: one peer opens connections until the process has no file or memory left for its own work,
or until no other client is accepted. It sends nothing, half a head, or a call now and then.
Rule: connections get a part of the files, counted before TLS is agreed on. A connection without a
call under way is waiting. At the limit, the client network with the most waiting connections loses
the one that has waited longest. A new connection of a network that holds more connections than
that one displaces one of its own network, or is refused.
What remains open: calls under way are not interrupted, and a peer with addresses in many networks
has a share with each of them.
"""

from __future__ import annotations

import resource
from collections import Counter
from typing import Protocol

from web_image_ocr.api.limits.body_budget import BodyBudget, Holder
from web_image_ocr.server.parsing import HEAD_BYTES
from web_image_ocr.server.throttled_warning import ThrottledWarning

MOST_CONNECTIONS = 2000
"""Open at once."""

FREE_HEAD_BYTES = 8 * 1024
"""Of a connection's request heads, not counted: most requests need less."""

HEADS_BYTES = 32 * 1024**2
"""Beyond that, of all connections together."""

_OF_A_NETWORK = 1 / 3
"""Multiple of the free memory that the heads of one client network may take: alone, a quarter of
all (see ``api.body_budget``)."""

_too_many = ThrottledWarning("too many connections")


def most_connections() -> int:
    """Return how many may be open: half of the files the process may open, at most 2,000."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)
    )


class LimitedConnection(Protocol):
    """A connection that counts."""

    network: str

    def end(self) -> None:
        """Close the connection at once."""


class ConnectionLimit:
    """Counts open connections by client network; makes room at the limit.

    Used from one event loop.
    """

    def __init__(self) -> None:
        self._heads = BodyBudget(HEADS_BYTES, unauthenticated=HEADS_BYTES, floor=HEAD_BYTES)
        self._open: set[LimitedConnection] = set()
        self._held: Counter[str] = Counter()  # open ones of each network
        self._waiting: dict[str, dict[LimitedConnection, None]] = {}  # longest first

    def admit(self, new: LimitedConnection) -> bool:
        """Return whether there is room for the connection; if need be, end a waiting one."""
        if len(self._open) >= (most := most_connections()):
            _too_many.log(most=most)
            displaced = self._displaced_by(new.network)
            if displaced is None:
                return False
            self.remove(displaced)
            displaced.end()
        self._open.add(new)
        self._held[new.network] += 1
        self.end_call(new)
        return True

    def begin_call(self, connection: LimitedConnection) -> None:
        """Note that the connection has a call under way and must not be displaced."""
        waiting = self._waiting.get(connection.network, {})
        waiting.pop(connection, None)
        if not waiting:
            self._waiting.pop(connection.network, None)

    def end_call(self, connection: LimitedConnection) -> None:
        """Note that the connection waits for a call, as the last one of its network."""
        if connection in self._open:
            self._waiting.setdefault(connection.network, {})[connection] = None

    def remove(self, connection: LimitedConnection) -> None:
        """Note that the connection is closed."""
        if connection not in self._open:
            return
        self.begin_call(connection)
        self._open.remove(connection)
        self._held[connection.network] -= 1
        if not self._held[connection.network]:
            del self._held[connection.network]

    def share_of_heads(self, network: str) -> HeadShare:
        """Return the share of the memory for heads that a connection of the network has."""
        return HeadShare(self._heads, network)

    def _displaced_by(self, network: str) -> LimitedConnection | None:
        """Return the connection to close for a new one of the network; None to refuse that."""
        if not self._waiting:
            return None
        loser = max(self._waiting, key=lambda one: len(self._waiting[one]))
        if self._held[network] > self._held[loser]:
            loser = network
        return next(iter(self._waiting.get(loser, {})), None)


class HeadShare:
    """Counts the memory that the request heads of one connection take.

    Args:
        budget: of the heads of all connections.
        network: that the connection counts for.
    """

    def __init__(self, budget: BodyBudget, network: str) -> None:
        self._budget = budget
        self._holder = Holder(authenticated=False, shares=((network, _OF_A_NETWORK),))
        self._held = 0

    def hold(self, size: int) -> None:
        """Count ``size`` bytes of heads, in place of those counted before.

        Raises:
            ServiceError: ``OVERLOADED`` when there is not enough memory left.
        """
        counted = max(0, size - FREE_HEAD_BYTES)
        if counted > self._held:
            self._budget.reserve(counted - self._held, self._holder)
        else:
            self._budget.release(self._held - counted, self._holder)
        self._held = counted
