"""Share one run between identical calls at the same time (single-flight)."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from typing import Any

from web_image_ocr.engine.page import Page
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.page_lru import PageKey

Recognize = Callable[[Deadline], Coroutine[Any, Any, Page]]
"""Function that recognizes the page before a deadline."""

_OUT_OF_TIME = frozenset({ErrorKind.DEADLINE_EXCEEDED, ErrorKind.ENGINE_UNAVAILABLE})
"""Errors of a run whose deadline passed: recognition was too slow, or no worker was ready."""


class Run:
    """Recognize a page once for all calls that wait; stop when all have left."""

    def __init__(self, recognize: Recognize) -> None:
        self._waiting: list[Deadline] = []
        self._task = asyncio.create_task(self._recognize(recognize))

    async def page(self, deadline: Deadline) -> Page:
        """Wait for the page until the deadline.

        A caller that is cancelled or times out does not affect the others; the last one
        cancels the run.

        Raises:
            ServiceError: ``DEADLINE_EXCEEDED``, or the error of the run. An error about the
                image or about overload applies to all who wait.
        """
        seconds = deadline.remaining()
        self._waiting.append(deadline)
        try:
            await asyncio.wait([self._task], timeout=None if seconds == float("inf") else seconds)
        finally:
            self._waiting.remove(deadline)
            if not self._waiting:
                self._task.cancel()  # if it is done, this marks its error as retrieved
        if not self._task.done():
            raise ServiceError(
                ErrorKind.DEADLINE_EXCEEDED, "an identical call was in progress until the deadline"
            )
        error = self._task.exception()
        if isinstance(error, ServiceError):
            # A copy for each caller: one exception would hold the stack frames of all.
            raise copy.copy(error) from None
        return self._task.result()

    @property
    def joinable(self) -> bool:
        """Return whether another call may wait for it."""
        return not (self._task.done() or self._task.cancelling())

    def add_done_callback(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` when the run ends."""
        self._task.add_done_callback(lambda _: callback())

    async def _recognize(self, recognize: Recognize) -> Page:
        """Recognize for all who wait; retry after a timeout if a caller has more time left."""
        while True:
            deadline = self._latest_deadline()
            try:
                return await recognize(deadline)
            except ServiceError as error:
                in_time = error.kind not in _OUT_OF_TIME or deadline.remaining() > 0
                if in_time or self._latest_deadline().at <= deadline.at:
                    raise

    def _latest_deadline(self) -> Deadline:
        return max(self._waiting, key=lambda deadline: deadline.at, default=Deadline(0.0))


class SingleFlight:
    """Hold the runs in flight by the page they recognize."""

    def __init__(self) -> None:
        self._runs: dict[PageKey, Run] = {}
        self._alive: set[Run] = set()  # asyncio holds tasks weakly

    def in_flight(self, key: PageKey) -> Run | None:
        """Return the run to wait for, or None."""
        run = self._runs.get(key)
        return run if run and run.joinable else None

    def start(self, key: PageKey, recognize: Recognize) -> Run:
        """Start a run; the caller must wait for it at once."""
        run = self._runs[key] = Run(recognize)
        self._alive.add(run)
        run.add_done_callback(lambda: self._forget(key, run))
        return run

    def _forget(self, key: PageKey, run: Run) -> None:
        self._alive.discard(run)
        if self._runs.get(key) is run:
            del self._runs[key]
