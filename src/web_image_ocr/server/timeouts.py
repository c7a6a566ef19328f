"""Time limits of a connection.

Threat: slowloris. A few clients send or read a byte now and then, and occupy every connection.
Rule: headers must arrive, and answers must be read, within a fixed time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HEADERS_TIMEOUT_S = 30.0
"""From connecting, or from the first byte of a request, to the end of its headers."""

WRITE_TIMEOUT_S = 60.0
"""While the client's receive window and our write buffer are full."""

REFUSAL_DELAY_S = 0.1
"""Before the answer to a refused request, after which the connection closes."""

CLOSE_TIMEOUT_S = 1.0
"""During shutdown: to end TLS, or to read the answer to a refused request. asyncio allows 30 s."""


class Timeout:
    """Call a function when the time is up, unless stopped before."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None

    @property
    def started(self) -> bool:
        """Return whether the timeout was started and not stopped since."""
        return self._handle is not None

    def start(self, seconds: float) -> None:
        """Start, or start again."""
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(seconds, self._callback)

    def stop(self) -> None:
        """Stop, if started."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
