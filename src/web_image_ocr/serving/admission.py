"""Limit concurrency: a bounded wait queue, fair between projects, with load shedding."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.fair_queue import FairQueue

_SMOOTHING = 0.1
"""Weight of the newest job in the exponential moving average of job times: about 20 jobs."""

_Turn = asyncio.Future[bool]
"""Outcome of a wait: true with a permit, false if the call is rejected."""


class Admission:
    """Let ``permits`` jobs run and ``max_waiting`` calls wait; reject all others.

    Projects are served round robin, however many calls each has waiting. A full queue sheds
    the newest call of the project with most of them; see ``FairQueue``.

    The bound counts calls, not seconds: the time of a call depends on its image.
    """

    def __init__(self, *, permits: int, max_waiting: int) -> None:
        self._permits = permits
        self._running = 0
        self._queue: FairQueue[_Turn] = FairQueue(max_waiting)
        self._mean_job_s = 0.0

    @property
    def alone(self) -> bool:
        """Return whether at most one job runs and no call waits."""
        return self._running <= 1 and len(self._queue) == 0

    @property
    def waiting(self) -> int:
        """Return the number of waiting calls, 0 to ``max_waiting``."""
        return len(self._queue)

    def expected_wait_s(self, project_id: str) -> float:
        """Return the estimated wait of a new call of the project, seconds."""
        ahead = self._running + self._queue.ahead_of(project_id) + 1 - self._permits
        return max(0, ahead) * self._mean_job_s / self._permits

    @asynccontextmanager
    async def permit(self, project_id: str, deadline: Deadline) -> AsyncIterator[None]:
        """Hold a permit for the body of the ``async with``.

        Raises:
            ServiceError: ``OVERLOADED`` at once if the queue is full, or later if the place
                goes to a project with fewer waiting calls; ``DEADLINE_EXCEEDED`` if no
                permit became free in time.
        """
        await self._acquire(project_id, deadline)
        started = time.monotonic()
        try:
            yield
        finally:
            self._release()
            took = time.monotonic() - started
            mean = self._mean_job_s or took
            self._mean_job_s = mean + _SMOOTHING * (took - mean)

    async def _acquire(self, project_id: str, deadline: Deadline) -> None:
        if self._running < self._permits:  # the queue is empty then
            self._running += 1
            return
        turn: _Turn = asyncio.get_running_loop().create_future()
        shed = self._queue.push(project_id, turn)
        if shed:
            shed.set_result(False)
        remaining = deadline.remaining()
        try:
            await asyncio.wait([turn], timeout=None if remaining == float("inf") else remaining)
        except asyncio.CancelledError:
            if not self._queue.remove(project_id, turn) and turn.result():
                self._release()
            raise
        if not turn.done():
            self._queue.remove(project_id, turn)
            raise ServiceError(
                ErrorKind.DEADLINE_EXCEEDED, "no worker was free before the deadline"
            )
        if not turn.result():
            raise self._overloaded(project_id)

    def _release(self) -> None:
        """Pass the permit to the next waiting call, if any."""
        turn = self._queue.pop()
        if turn:
            turn.set_result(True)
        else:
            self._running -= 1

    def _overloaded(self, project_id: str) -> ServiceError:
        expected = self.expected_wait_s(project_id)
        return ServiceError(
            ErrorKind.OVERLOADED,
            f"the queue is full: {self.waiting} calls wait, about {expected:.1f} s for one more",
            retry_after=expected,
        )
