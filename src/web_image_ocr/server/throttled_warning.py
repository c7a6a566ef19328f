"""Warnings that a client can cause at will, and that must not fill the log."""

from __future__ import annotations

import time

import structlog

log = structlog.stdlib.get_logger(__name__)

INTERVAL_S = 10.0


class ThrottledWarning:
    """A warning that is logged at most once in ten seconds.

    Args:
        event: name of the warning.
    """

    def __init__(self, event: str) -> None:
        self._event = event
        self._not_before = 0.0

    def log(self, **values: object) -> None:
        """Log the warning, unless it was logged a moment ago."""
        now = time.monotonic()
        if now >= self._not_before:
            self._not_before = now + INTERVAL_S
            log.warning(self._event, **values)
