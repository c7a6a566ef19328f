"""Define the dimensions of counted calls, and usage reports.

Durations are counted in a logarithmic histogram. A bucket is a quarter of an octave wide, so a
percentile has an error of at most 9.1 % between 1 ms and 17 minutes. Durations outside this range
count in the first or last bucket.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

MAX_POINTS = 1500
"""Maximum number of steps of a report."""

_OK = 200
_BUCKETS_PER_OCTAVE = 4
_LAST_BUCKET = 80


class CallGroup(NamedTuple):
    """Identify calls that are counted together.

    Attributes:
        project_id: of the calling project.
        minute: since 1970, UTC.
        status: HTTP status; 499 if the client disconnected before the response.
        code: error code; empty for a success, and with 499.
        bucket: see ``bucket_of``.
    """

    project_id: str
    minute: int
    status: int
    code: str
    bucket: int


class Step(StrEnum):
    """Define the resolution of a report."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    def start(self, moment: datetime) -> datetime:
        """Return the start of the step that contains a moment, UTC."""
        moment = moment.astimezone(UTC).replace(second=0, microsecond=0)
        if self is Step.MINUTE:
            return moment
        if self is Step.HOUR:
            return moment.replace(minute=0)
        moment = moment.replace(hour=0, minute=0)
        return moment if self is Step.DAY else moment.replace(day=1)

    def next(self, start: datetime) -> datetime:
        """Return the start of the next step."""
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
    """Represent a period, widened to whole steps.

    Attributes:
        start: start of the first step, UTC.
        end: end of the last step, UTC.
        step: resolution.

    Raises:
        ValueError: the end is not after the start, there are more than 1,500 steps, or the time
            is out of range.
    """

    start: datetime
    end: datetime
    step: Step

    def __post_init__(self) -> None:
        """Widen the period to whole steps."""
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
        """Yield the starts of all steps."""
        start = self.start
        while start < self.end:
            yield start
            start = self.step.next(start)


@dataclass(slots=True)
class Tally:
    """Hold the sums of some calls.

    Attributes:
        succeeded: number of successes.
        failures: number of failures by status and code.
        durations: number of successes by bucket.
    """

    succeeded: int = 0
    failures: Counter[tuple[int, str]] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """Return the number of failures."""
        return self.failures.total()

    def percentile(self, share: float) -> float | None:
        """Return a percentile of the durations of successes in milliseconds; None without any."""
        return percentile(self.durations, share)

    def add(self, status: int, code: str, bucket: int, calls: int) -> None:
        """Add calls of the same outcome."""
        if status == _OK:
            self.succeeded += calls
            self.durations[bucket] += calls
        else:
            self.failures[status, code] += calls

    def include(self, other: Tally) -> None:
        """Add the sums of another tally."""
        self.succeeded += other.succeeded
        self.failures.update(other.failures)
        self.durations.update(other.durations)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """Report the calls of some projects in a period.

    Attributes:
        window: the period.
        points: one tally for each step in order, including steps without calls.
        total: sum of all steps.
    """

    window: Window
    points: tuple[tuple[datetime, Tally], ...]
    total: Tally


def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration, 0 to 80."""
    milliseconds = max(1.0, seconds * 1000)
    return min(_LAST_BUCKET, int(_BUCKETS_PER_OCTAVE * math.log2(milliseconds)))


def percentile(calls: Mapping[int, int], share: float) -> float | None:
    """Return a percentile of the durations in milliseconds; None without calls.

    Args:
        calls: number of calls by bucket.
        share: fraction of the calls, above 0 to 1.
    """
    wanted = math.ceil(share * sum(calls.values()))
    seen = 0
    for bucket in sorted(calls):
        seen += calls[bucket]
        if 0 < wanted <= seen:
            return 2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE)
    return None
