"""When very many clients are connected: the server keeps files for its own work, and a quiet log.

Threat: strangers open connections until the system gives the process no more files; then no
worker can be replaced, no store opened and no other client accepted.
Rule: connections get a part of the files only, counted from the moment they are accepted, before
TLS is agreed on. One more takes the place of the one that has waited longest without a request.
What is said of them is said now and then.
"""

from __future__ import annotations

import resource
import time
from typing import Protocol

import structlog

log = structlog.stdlib.get_logger(__name__)

BACKLOG = 2048
"""Clients that the system keeps in its queue until they are accepted."""
MOST_CONNECTIONS = 2000
"""At once; each may hold 160 KB of headers that have not ended."""
SAY_EVERY_S = 10.0


class Seldom:
    """A warning in the log, however often there is reason for it once in ten seconds.

    Args:
        event: what is said.
    """

    def __init__(self, event: str) -> None:
        self._event = event
        self._not_before = 0.0

    def say(self, **values: object) -> None:
        """Write it down, unless that was done a moment ago."""
        now = time.monotonic()
        if now >= self._not_before:
            self._not_before = now + SAY_EVERY_S
            log.warning(self._event, **values)


_too_many = Seldom("too many connections")


def most_connections() -> int:
    """How many may be open at once: half of the files that the process may open, at most 2,000."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)
    )


class Member(Protocol):
    """A connection."""

    def end(self) -> None:
        """Close the connection at once."""


class Crowd:
    """The connections that are open."""

    def __init__(self) -> None:
        self._all: set[Member] = set()
        self._silent: dict[Member, None] = {}  # in the order they came

    def enter(self, one: Member) -> bool:
        """Return whether there is room for one more; if need be, end one without a request."""
        if len(self._all) >= (most := most_connections()):
            _too_many.say(most=most)
            if not self._silent:
                return False
            oldest = next(iter(self._silent))
            self.leave(oldest)
            oldest.end()
        self._all.add(one)
        self._silent[one] = None
        return True

    def hear(self, one: Member) -> None:
        """Note that the connection has had a request."""
        self._silent.pop(one, None)

    def leave(self, one: Member) -> None:
        """Note that the connection is closed."""
        self._all.discard(one)
        self._silent.pop(one, None)
