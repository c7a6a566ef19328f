"""Limit how many calls wait or run at once, in total and for each caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class ConcurrencyLimit:
    """Limit the calls of one kind that wait or run at once; used from one event loop."""

    def __init__(self, total: int, per_caller: int, calls: str) -> None:
        self._total = total
        self._per_caller = per_caller
        self._calls = calls
        self._running: Counter[str] = Counter()

    @contextmanager
    def slot(self, caller: str) -> Iterator[None]:
        """Hold a slot until the end of the context.

        Args:
            caller: a network or the id of a user.

        Raises:
            ServiceError: ``OVERLOADED`` when no slot is free.
        """
        if self._running.total() >= self._total:
            raise ServiceError(
                ErrorKind.OVERLOADED, f"too many {self._calls} wait", retry_after=3.0
            )
        if self._running[caller] >= self._per_caller:
            raise ServiceError(
                ErrorKind.OVERLOADED, f"too many {self._calls} of one caller wait", retry_after=1.0
            )
        self._running[caller] += 1
        try:
            yield
        finally:
            self._running[caller] -= 1
            self._running += Counter()  # drops callers at zero
