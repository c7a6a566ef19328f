"""When work must be done by; the only reader of the monotonic clock for deadlines."""

from __future__ import annotations

import time
from dataclasses import dataclass

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on this machine's monotonic clock, shared by all its processes.

    Attributes:
        at: seconds of ``time.monotonic()``; ``inf`` means never.
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment ``seconds`` from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def never(cls) -> Deadline:
        """A deadline that does not come."""
        return cls(float("inf"))

    def remaining(self) -> float:
        """Seconds left, 0 when it has passed, ``inf`` when it never comes."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raise ``DEADLINE_EXCEEDED`` once the moment has passed."""
        if self.remaining() <= 0.0:
            raise ServiceError(ErrorKind.DEADLINE_EXCEEDED, "the deadline has passed")
