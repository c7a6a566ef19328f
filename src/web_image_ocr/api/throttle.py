"""How many calls a project may make in a while."""

from __future__ import annotations

from limits import RateLimitItem, parse

from web_image_ocr.api.windows import SharedWindows, local_windows
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
        shared: where several servers count together; None counts in this process's memory.
    """

    def __init__(self, rate: str, shared: SharedWindows | None = None) -> None:
        self._rate = parse_rate(rate) if rate else None
        self._windows = shared or local_windows()

    async def hit(self, project_id: str) -> None:
        """Count one call of a project.

        Raises:
            ServiceError: ``RATE_LIMITED`` when the window is full, with the seconds
                until it ends.
        """
        if self._rate is None:
            return
        left = await self._windows.hit(self._rate, project_id)
        if left is None:
            return
        raise ServiceError(
            ErrorKind.RATE_LIMITED,
            "the project has used up its calls",
            public={
                "limit": str(self._rate.amount),
                "time": f"{self._rate.multiples} {self._rate.GRANULARITY.name}",
            },
            retry_after=max(1.0, left),
        )
