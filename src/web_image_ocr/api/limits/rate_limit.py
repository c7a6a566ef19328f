"""Limit the rate of calls of a project, a user or a network."""

from __future__ import annotations

import time
from collections import OrderedDict

from limits import RateLimitItem, parse

from web_image_ocr.api.limits.rate_counters import SharedRateCounters, local_rate_counters
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_MAX_FULL_WINDOWS = 10_000
"""Full windows remembered; the oldest is dropped first and counted again."""


def parse_rate(rate: str, setting: str = "api.rate_limit") -> RateLimitItem:
    """Parse a rate such as ``100/minute``; raise ``ValueError`` if the text is not a rate."""
    try:
        item = parse(rate)
    except ValueError:
        item = None
    if item is None or item.amount < 1:
        raise ValueError(f"{setting} must look like 100/minute, not {rate!r}")
    return item


class RateLimit:
    """Count calls in fixed windows, as the gateway of the cloud API does.

    Args:
        rate: such as ``100/minute``; empty for no limit.
        shared: counters shared by several servers; None counts in this process's memory.
    """

    def __init__(self, rate: str, shared: SharedRateCounters | None = None) -> None:
        self._rate = parse_rate(rate) if rate else None
        self._counters = shared or local_rate_counters()
        self._full_until: OrderedDict[str, float] = OrderedDict()

    async def hit(self, key: str) -> None:
        """Count one call of a project, a user or a network.

        Raises:
            ServiceError: ``RATE_LIMITED`` when the window is full, with the seconds
                until it ends.
        """
        if self._rate is None:
            return
        left = await self._counters.hit(self._rate, key)
        if left is None:
            return
        left = max(1.0, left)
        self._full_until[key] = time.monotonic() + left
        self._full_until.move_to_end(key)
        if len(self._full_until) > _MAX_FULL_WINDOWS:
            self._full_until.popitem(last=False)
        raise self._refusal(self._rate, left)

    def check(self, key: str) -> None:
        """Raise as ``hit`` if a call was refused in the current window; count nothing."""
        if self._rate is None:
            return
        left = self._full_until.get(key, 0.0) - time.monotonic()
        if left > 0:
            raise self._refusal(self._rate, left)
        self._full_until.pop(key, None)

    @staticmethod
    def _refusal(rate: RateLimitItem, left: float) -> ServiceError:
        return ServiceError(
            ErrorKind.RATE_LIMITED,
            "the rate limit is reached",
            public={"limit": str(rate.amount), "time": f"{rate.multiples} {rate.GRANULARITY.name}"},
            retry_after=left,
        )
