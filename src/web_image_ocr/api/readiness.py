"""Tell whether the store answers, apart from all calls that use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread

from web_image_ocr.primitives.errors import ServiceError

_WAIT_S = 1.0
"""Seconds until a store that says nothing counts as unavailable."""


class DatabaseProbe:
    """Check the store in a thread of its own; probes that come meanwhile share the check.

    Args:
        check: raises ``ServiceError`` unless the store answers.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._thread = CapacityLimiter(1)
        self._running: asyncio.Future[bool] | None = None

    async def answers(self) -> bool:
        """Return whether the store answers within a second."""
        running = self._running
        if running is None or running.done():
            running = self._running = asyncio.ensure_future(self._run())
        # Not cancelled when a probe gives up: a thread cannot be, and the next one shares it.
        await asyncio.wait([running], timeout=_WAIT_S)
        return running.done() and running.result()

    async def _run(self) -> bool:
        try:
            await to_thread.run_sync(self._check, limiter=self._thread)
        except ServiceError:
            return False
        return True
