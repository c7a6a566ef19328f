"""Places for calls that wait: a number of them in all, and fewer for one holder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Places:
    """Bound the calls that wait or run at once; used from one event loop.

    Args:
        total: calls of all holders.
        of_one: calls of one holder.
        calls: their name, for the error.
    """

    def __init__(self, total: int, of_one: int, calls: str) -> None:
        self._total = total
        self._of_one = of_one
        self._calls = calls
        self._held: Counter[str] = Counter()

    @contextmanager
    def place(self, holder: str) -> Iterator[None]:
        """Hold a place until the end of the context.

        Args:
            holder: a network or the id of a user.

        Raises:
            ServiceError: ``OVERLOADED`` when none is left.
        """
        if self._held.total() >= self._total:
            raise ServiceError(
                ErrorKind.OVERLOADED, f"too many {self._calls} wait", retry_after=3.0
            )
        if self._held[holder] >= self._of_one:
            raise ServiceError(
                ErrorKind.OVERLOADED, f"too many {self._calls} of one caller wait", retry_after=1.0
            )
        self._held[holder] += 1
        try:
            yield
        finally:
            self._held[holder] -= 1
            self._held += Counter()  # drops the holders with none left
