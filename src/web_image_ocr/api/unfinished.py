"""Decide which unfinished signed bodies count as a failed attempt."""

from __future__ import annotations

import time
from collections import OrderedDict

_MOST = 10_000
"""Keys and networks that are remembered; the one counted longest ago is forgotten first."""


class UnfinishedBodies:
    """Count bodies that were under way together once.

    Threat: somebody who knows the public half of a key breaks off thousands of bodies at once, and
    each of them is written to the store. Rule: those that began before the last one was
    counted do not count. Used from one event loop.

    ``Lockout.record_failure(since=…)`` has the same rule and is the one that decides: it holds for
    all servers of a store and after a restart, at the price of a transaction that waits for all
    other changes. This one keeps a crowd of broken-off bodies of one server away from the store.
    """

    def __init__(self) -> None:
        self._counted: OrderedDict[tuple[str, str], float] = OrderedDict()

    def counts(self, access: str, network: str, started: float) -> bool:
        """Return whether a body that was not finished is to be counted, and note that it is.

        Args:
            access: public half of the key.
            network: of the client.
            started: when the body began, on the clock ``time.monotonic``.
        """
        holder = access, network
        if self._counted.get(holder, -1.0) >= started:
            return False
        self._counted.pop(holder, None)
        self._counted[holder] = time.monotonic()
        if len(self._counted) > _MOST:
            self._counted.popitem(last=False)
        return True
