"""What was read lately, believed for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class TimedCache(Generic[Key, Value]):
    """A bounded memory of what a slower source said; safe for many threads.

    What the source does not have (None) is asked anew each time, so that a new record
    works at once; the longest known ones are forgotten first.

    Args:
        seconds: how long a value is believed; 0 believes none.
        size: values kept at most.
        now: seconds of a clock that does not go back.
    """

    def __init__(
        self, seconds: float, *, size: int = 4096, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._size = size
        self._now = now
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()
        self._round = 0

    def get(self, key: Key, source: Callable[[], Value | None]) -> Value | None:
        """The value of the key, from memory or from the source."""
        with self._lock:
            kept = self._kept.get(key)
            asked_in = self._round
        # The age counts from before the source was asked, not from its answer.
        asked_at = self._now()
        if kept is not None and asked_at - kept[0] < self._seconds:
            return kept[1]
        value = source()
        with self._lock:
            self._kept.pop(key, None)
            if value is not None and asked_in == self._round:
                self._kept[key] = (asked_at, value)
                if len(self._kept) > self._size:
                    self._kept.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything, answers under way included."""
        with self._lock:
            self._kept.clear()
            self._round += 1
