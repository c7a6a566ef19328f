"""How many calls a project may make in a while; counted in this process's memory."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def parse_rate(rate: str) -> RateLimitItem:
    """The meaning of a rate such as ``100/minute``.

    Raises:
        ValueError: the text is no rate.
    """
    try:
        item = parse(rate)
    except ValueError:
        item = None
    if item is None or item.amount < 1:
        raise ValueError(f"api.rate_limit must look like 100/minute, not {rate!r}")
    return item


class Throttle:
    """A fixed window per project, as the cloud's gateway counts.

    Args:
        rate: such as ``100/minute``; empty lets everything pass.
    """

    def __init__(self, rate: str) -> None:
        self._item = parse_rate(rate) if rate else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage()) if rate else None

    def hit(self, project_id: str) -> None:
        """Count one call of a project.

        Raises:
            ServiceError: ``RATE_LIMITED`` when the window is full, with the seconds
                until it ends.
        """
        if self._item is None or self._limiter is None:
            return
        if self._limiter.hit(self._item, project_id):
            return
        reset = self._limiter.get_window_stats(self._item, project_id).reset_time
        raise ServiceError(
            ErrorKind.RATE_LIMITED,
            "the project has used up its calls",
            public={
                "limit": str(self._item.amount),
                "time": f"{self._item.multiples} {self._item.GRANULARITY.name}",
            },
            retry_after=max(1.0, reset - time.time()),
        )
