"""When very many clients are connected: the server keeps files for its own work, and a quiet log.

Threat: strangers open connections until the system gives the process no more files; then no
worker can be replaced and no store opened.
Rule: connections get a part of the files only, and what is said of them is said now and then.
What remains open: clients of TLS count as connections only once TLS is agreed on, for which they
have a minute.
"""

from __future__ import annotations

import resource
import time

import structlog

log = structlog.stdlib.get_logger(__name__)

BACKLOG = 2048
"""Clients that the system keeps in its queue until they are accepted."""
ACCEPTED_AT_ONCE = 1
"""In one turn of the event loop. When no file is left, that of Python 3.11 tries, reports and sets
a timer this many times, each second and for each timer: 2,048 made 3 MB of log a second."""
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


def most_connections() -> int:
    """How many may be open at once: half of the files that the process may open, at most 2,000."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)
    )
