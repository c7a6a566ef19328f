"""Cache values read from the store for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(eq=False, slots=True, kw_only=True)
class Question(Generic[Key]):
    """Hold what an answer under way must be judged by.

    Attributes:
        key: what is asked for.
        asked_at: when, before the source was asked: the age of the answer counts from here.
        outdated: whether the record has changed since, so that the answer must not be kept.
    """

    key: Key
    asked_at: float
    outdated: bool = False


class TimedCache(Generic[Key, Value]):
    """Cache what a slower source answered; bounded, and safe for many threads.

    What the source does not have (None) is not cached, so that a new record works at once.
    The oldest answers are evicted first.

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
        self._under_way: set[Question[Key]] = set()
        self._lock = Lock()

    def peek(self, key: Key) -> Value | None:
        """Return the value if it is cached and still believed; never asks the source."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or self._now() - kept[0] >= self._seconds:
            return None
        return kept[1]

    def get(self, key: Key, source: Callable[[], Value | None]) -> Value | None:
        """Return the value of the key, cached or from the source."""
        cached = self.peek(key)
        if cached is not None:
            return cached
        question = self.ask(key)
        value = None
        try:
            value = source()
        finally:
            self.answer(question, value)
        return value

    def ask(self, key: Key) -> Question[Key]:
        """Begin to ask the source for a key; each question must be answered."""
        question = Question(key=key, asked_at=self._now())
        with self._lock:
            self._under_way.add(question)
        return question

    def answer(self, question: Question[Key], value: Value | None) -> None:
        """Keep the answer of the source, unless the record has changed or a newer one is kept."""
        with self._lock:
            self._under_way.discard(question)
            kept = self._kept.get(question.key)
            if question.outdated or (kept is not None and kept[0] > question.asked_at):
                return
            self._kept.pop(question.key, None)
            if value is not None:
                self._kept[question.key] = (question.asked_at, value)
                if len(self._kept) > self._size:
                    self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Drop one key, answers under way included."""
        with self._lock:
            self._kept.pop(key, None)
            for question in self._under_way:
                question.outdated |= question.key == key

    def forget_where(self, matches: Callable[[Key, Value], bool]) -> None:
        """Drop what matches, and every answer under way, whose value is not known yet."""
        with self._lock:
            for key in [key for key, (_, value) in self._kept.items() if matches(key, value)]:
                del self._kept[key]
            for question in self._under_way:
                question.outdated = True
