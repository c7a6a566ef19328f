"""Who may wait for a worker: a short queue, fair between projects, that refuses when it is full."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.fair_queue import FairQueue

_SMOOTHING = 0.1
"""Weight of the newest job in the running mean of job times: the mean forgets after
some twenty jobs, soon enough to follow a change of load, slowly enough not to jump."""

_Turn = asyncio.Future[bool]
"""What a call waits for: whether it may run (it has a permit then) or is refused."""


class Admission:
    """Lets ``permits`` jobs run and ``max_waiting`` others wait; all beyond are refused.

    Projects take turns, however many calls each of them has waiting. When no place is left,
    the project that has most of them loses its newest one; see ``FairQueue``.

    The bound counts calls, not seconds: what a caller may be asked to wait follows from how long
    a picture takes, which no constant knows.
    """

    def __init__(self, *, permits: int, max_waiting: int) -> None:
        self._permits = permits
        self._running = 0
        self._waiting: FairQueue[_Turn] = FairQueue(max_waiting)
        self._mean_job_s = 0.0

    @property
    def alone(self) -> bool:
        """Whether the job that asks is the only one running, with none waiting."""
        return self._running <= 1 and len(self._waiting) == 0

    @property
    def waiting(self) -> int:
        """How many calls wait, 0 to ``max_waiting``."""
        return len(self._waiting)

    def expected_wait_s(self, project_id: str) -> float:
        """Seconds a call of the project that came now would wait for its turn, about."""
        before = self._running + self._waiting.before(project_id) + 1 - self._permits
        return max(0, before) * self._mean_job_s / self._permits

    @asynccontextmanager
    async def permit(self, project_id: str, deadline: Deadline) -> AsyncIterator[None]:
        """Hold a permit for the body of the ``async with``.

        Args:
            project_id: whose job it is.
            deadline: until when it may wait.

        Raises:
            ServiceError: ``OVERLOADED`` at once when no place is left, or later when the
                place goes to a project that has fewer calls waiting; ``DEADLINE_EXCEEDED``
                when no permit came in time.
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
        if self._running < self._permits:  # then nobody waits
            self._running += 1
            return
        turn: _Turn = asyncio.get_running_loop().create_future()
        refused = self._waiting.join(project_id, turn)
        if refused:
            refused.set_result(False)
        remaining = deadline.remaining()
        try:
            await asyncio.wait([turn], timeout=None if remaining == float("inf") else remaining)
        except asyncio.CancelledError:
            if not self._waiting.leave(project_id, turn) and turn.result():
                self._release()
            raise
        if not turn.done():
            self._waiting.leave(project_id, turn)
            raise ServiceError(
                ErrorKind.DEADLINE_EXCEEDED, "no worker was free before the deadline"
            )
        if not turn.result():
            raise self._overloaded(project_id)

    def _release(self) -> None:
        """Hand the permit to the next call, if one waits."""
        turn = self._waiting.next()
        if turn:
            turn.set_result(True)
        else:
            self._running -= 1

    def _overloaded(self, project_id: str) -> ServiceError:
        expected = self.expected_wait_s(project_id)
        return ServiceError(
            ErrorKind.OVERLOADED,
            f"{self.waiting} calls wait, about {expected:.1f} s for one more",
            retry_after=expected,
        )
