"""Calls for the same page at the same time share one run."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine
from typing import Any

from web_image_ocr.engine.page import Page
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.page_lru import PageKey

Read = Callable[[Deadline], Coroutine[Any, Any, Page]]
"""Reads the page anew, by a deadline."""

_OUT_OF_TIME = frozenset({ErrorKind.DEADLINE_EXCEEDED, ErrorKind.ENGINE_UNAVAILABLE})
"""What a run may end with because its deadline came: too slow, or no worker was ready."""


class Run:
    """One reading of a page, which goes on as long as anybody waits for it.

    Args:
        read: reads the page.
    """

    def __init__(self, read: Read) -> None:
        self._waiting: list[Deadline] = []
        self._task = asyncio.create_task(self._read(read))

    async def page(self, deadline: Deadline) -> Page:
        """Wait for the page until the deadline.

        A caller that leaves, or whose deadline comes, takes nothing from the others; the last
        one to go ends the run.

        Raises:
            ServiceError: ``DEADLINE_EXCEEDED``, or as the run ended. What is wrong with the
                picture, and that there are too many calls, holds for all who wait.
        """
        seconds = deadline.remaining()
        self._waiting.append(deadline)
        try:
            await asyncio.wait([self._task], timeout=None if seconds == float("inf") else seconds)
        finally:
            self._waiting.remove(deadline)
            if not self._waiting:
                self._task.cancel()  # one that is done: its error counts as seen
        if not self._task.done():
            raise ServiceError(
                ErrorKind.DEADLINE_EXCEEDED, "the same picture was being read until the deadline"
            )
        error = self._task.exception()
        if isinstance(error, ServiceError):
            # Its own for each: one raised several times would hold the frames of all callers.
            raise copy.copy(error) from None
        return self._task.result()

    @property
    def open(self) -> bool:
        """Whether one more may wait for it."""
        return not (self._task.done() or self._task.cancelling())

    def when_over(self, call: Callable[[], object]) -> None:
        """Have ``call`` called when the run is over."""
        self._task.add_done_callback(lambda _: call())

    async def _read(self, read: Read) -> Page:
        """Read for all who wait; again when time ran out and somebody has more of it."""
        while True:
            deadline = self._latest()
            try:
                return await read(deadline)
            except ServiceError as error:
                in_time = error.kind not in _OUT_OF_TIME or deadline.remaining() > 0
                if in_time or self._latest().at <= deadline.at:
                    raise

    def _latest(self) -> Deadline:
        return max(self._waiting, key=lambda deadline: deadline.at, default=Deadline(0.0))


class SingleFlight:
    """The runs under way, by what they read."""

    def __init__(self) -> None:
        self._runs: dict[PageKey, Run] = {}
        self._all: set[Run] = set()  # asyncio alone would not keep one that nobody waits for

    def under_way(self, key: PageKey) -> Run | None:
        """The run to wait for, if there is one."""
        run = self._runs.get(key)
        return run if run and run.open else None

    def start(self, key: PageKey, read: Read) -> Run:
        """Start a run; the caller waits for it at once."""
        run = self._runs[key] = Run(read)
        self._all.add(run)
        run.when_over(lambda: self._forget(key, run))
        return run

    def _forget(self, key: PageKey, run: Run) -> None:
        self._all.discard(run)
        if self._runs.get(key) is run:
            del self._runs[key]
