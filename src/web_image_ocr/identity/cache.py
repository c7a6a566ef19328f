"""Cache values read from the database for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from cachetools import TLRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(eq=False, slots=True, kw_only=True)
class PendingRead(Generic[Key]):
    """Represent a read of the source that has not finished.

    Attributes:
        key: what is read.
        started_at: the age of the value counts from here.
        invalidated: whether the record has changed since; the value must not be cached.
    """

    key: Key
    started_at: float
    invalidated: bool = False


class TimedCache(Generic[Key, Value]):
    """Cache the values of a slower source with a time to live; bounded and thread-safe.

    Absent values (None) are not cached, so a new record is seen at once.

    Args:
        seconds: time to live of a value, from the start of its read; 0 caches nothing.
        size: maximum number of values; the least recently used one is evicted.
        now: returns the seconds of a monotonic clock.
    """

    def __init__(
        self, seconds: float, *, size: int = 4096, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._entries: TLRUCache[Key, tuple[float, Value]] = TLRUCache(
            size,
            lambda _key, entry, _now: entry[0] + seconds,
            lambda: self._now(),  # noqa: PLW0108 - looked up at each call: tests replace it
        )
        self._pending: set[PendingRead[Key]] = set()
        self._lock = Lock()

    def peek(self, key: Key) -> Value | None:
        """Return the cached value, or None; never reads the source."""
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def get(self, key: Key, source: Callable[[], Value | None]) -> Value | None:
        """Return the value of the key from the cache or the source."""
        cached = self.peek(key)
        if cached is not None:
            return cached
        pending = self.begin(key)
        value = None
        try:
            value = source()
        finally:
            self.finish(pending, value)
        return value

    def begin(self, key: Key) -> PendingRead[Key]:
        """Begin to read a key from the source; each read must be finished."""
        pending = PendingRead(key=key, started_at=self._now())
        with self._lock:
            self._pending.add(pending)
        return pending

    def finish(self, pending: PendingRead[Key], value: Value | None) -> None:
        """Cache the value that was read unless it is invalidated or a newer one is cached."""
        with self._lock:
            self._pending.discard(pending)
            cached = self._entries.get(pending.key)
            if pending.invalidated or (cached is not None and cached[0] > pending.started_at):
                return
            self._entries.pop(pending.key, None)
            if value is not None:
                self._entries[pending.key] = (pending.started_at, value)

    def invalidate(self, key: Key) -> None:
        """Drop one key, and the value of its pending reads."""
        with self._lock:
            self._entries.pop(key, None)
            for pending in self._pending:
                pending.invalidated |= pending.key == key

    def invalidate_where(self, matches: Callable[[Key, Value], bool]) -> None:
        """Drop what matches, and all pending reads, whose values are not known yet."""
        with self._lock:
            with self._entries.timer:  # nothing expires during the loop
                entries = list(self._entries.items())
            for key, (_, value) in entries:
                if matches(key, value):
                    self._entries.pop(key, None)
            for pending in self._pending:
                pending.invalidated = True
