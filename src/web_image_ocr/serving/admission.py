"""Who may wait for a worker: a short queue that refuses at once when it is full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_SMOOTHING = 0.1
"""Weight of the newest job in the running mean of job times: the mean forgets after
some twenty jobs, soon enough to follow a change of load, slowly enough not to jump."""


class Admission:
    """Lets ``permits`` jobs run and ``max_waiting`` others wait; all beyond are refused.

    The bound counts calls, not seconds: what a caller may be asked to wait follows from how long
    a picture takes, which no constant knows.
    """

    def __init__(self, *, permits: int, max_waiting: int) -> None:
        self._permits = permits
        self._max_waiting = max_waiting
        self._slots = asyncio.Semaphore(permits)
        self._waiting = 0
        self._running = 0
        self._mean_job_s = 0.0

    @property
    def alone(self) -> bool:
        """Whether the job that asks is the only one running, with none waiting."""
        return self._running <= 1 and self._waiting == 0

    @property
    def expected_wait_s(self) -> float:
        """Seconds a call that came now would wait for its turn, about."""
        before = self._running + self._waiting + 1 - self._permits
        return max(0, before) * self._mean_job_s / self._permits

    @asynccontextmanager
    async def slot(self, deadline: Deadline) -> AsyncIterator[None]:
        """Hold a permit for the body of the ``async with``.

        Raises:
            ServiceError: ``OVERLOADED`` at once when no place is left,
                ``DEADLINE_EXCEEDED`` when no permit came in time.
        """
        if self._slots.locked() and self._waiting >= self._max_waiting:
            expected = self.expected_wait_s
            raise ServiceError(
                ErrorKind.OVERLOADED,
                f"{self._waiting} calls wait, about {expected:.1f} s each",
                retry_after=expected,
            )
        await self._acquire(deadline)
        started = time.monotonic()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._slots.release()
            took = time.monotonic() - started
            mean = self._mean_job_s or took
            self._mean_job_s = mean + _SMOOTHING * (took - mean)

    async def _acquire(self, deadline: Deadline) -> None:
        self._waiting += 1
        try:
            remaining = deadline.remaining()
            await asyncio.wait_for(
                self._slots.acquire(), None if remaining == float("inf") else remaining
            )
        except TimeoutError:
            raise ServiceError(
                ErrorKind.DEADLINE_EXCEEDED, "no worker was free before the deadline"
            ) from None
        finally:
            self._waiting -= 1
