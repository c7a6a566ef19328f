"""What calls are counted by, and what a count says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from web_image_ocr.usage.durations import percentile

MAX_POINTS = 1500
"""Steps that a report has at most."""

_OK = 200


class Counted(NamedTuple):
    """What calls have in common that are counted together.

    Attributes:
        project_id: of the project that called.
        minute: since 1970, UTC.
        status: of the answer; 499 where the client went away before it.
        code: of the failure; empty for a success, and with 499.
        bucket: see ``durations``.
    """

    project_id: str
    minute: int
    status: int
    code: str
    bucket: int


class Step(StrEnum):
    """What calls are added up by."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    def start(self, moment: datetime) -> datetime:
        """The beginning of the step that a moment is in, UTC."""
        moment = moment.astimezone(UTC).replace(second=0, microsecond=0)
        if self is Step.MINUTE:
            return moment
        if self is Step.HOUR:
            return moment.replace(minute=0)
        moment = moment.replace(hour=0, minute=0)
        return moment if self is Step.DAY else moment.replace(day=1)

    def next(self, start: datetime) -> datetime:
        """The beginning of the step after the one that begins there."""
        if self is Step.MONTH:
            return self.start(start + timedelta(days=31))
        return start + _LENGTHS[self]


_LENGTHS = {
    Step.MINUTE: timedelta(minutes=1),
    Step.HOUR: timedelta(hours=1),
    Step.DAY: timedelta(days=1),
    Step.MONTH: timedelta(days=28),  # at least
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time, widened to whole steps.

    Attributes:
        start: the beginning of the first step, UTC.
        end: where the last step ends, UTC.
        step: what it is divided into.

    Raises:
        ValueError: it ends before it begins, has more than 1,500 steps, or leaves the calendar.
    """

    start: datetime
    end: datetime
    step: Step

    def __post_init__(self) -> None:
        """Widen it."""
        if self.start >= self.end:
            raise ValueError("from must be before to")
        if (self.end - self.start) / _LENGTHS[self.step] > MAX_POINTS + 2:
            raise ValueError(f"more than {MAX_POINTS} steps")
        try:
            start = self.step.start(self.start)
            last = self.step.start(self.end)
            end = last if last == self.end else self.step.next(last)
        except OverflowError:
            raise ValueError("the time is out of range") from None
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)
        if sum(1 for _ in self.steps()) > MAX_POINTS:
            raise ValueError(f"more than {MAX_POINTS} steps")

    def steps(self) -> Iterator[datetime]:
        """The beginnings of all steps."""
        start = self.start
        while start < self.end:
            yield start
            start = self.step.next(start)


@dataclass(slots=True)
class Tally:
    """Calls added up.

    Attributes:
        succeeded: how many.
        failures: how many, by status and code.
        durations: of those that succeeded: how many, by bucket.
    """

    succeeded: int = 0
    failures: Counter[tuple[int, str]] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many did not succeed."""
        return self.failures.total()

    def percentile(self, share: float) -> float | None:
        """Milliseconds within which this share of the successes was answered; None without."""
        return percentile(self.durations, share)

    def add(self, status: int, code: str, bucket: int, calls: int) -> None:
        """Add calls that ended in the same way."""
        if status == _OK:
            self.succeeded += calls
            self.durations[bucket] += calls
        else:
            self.failures[status, code] += calls

    def include(self, other: Tally) -> None:
        """Add all that another one has."""
        self.succeeded += other.succeeded
        self.failures.update(other.failures)
        self.durations.update(other.durations)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """Calls of some projects over a time.

    Attributes:
        window: the time.
        points: for every step in order, those without calls included.
        total: of all steps.
    """

    window: Window
    points: tuple[tuple[datetime, Tally], ...]
    total: Tally
