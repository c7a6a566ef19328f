"""Represent deadlines of calls on the monotonic clock."""

from __future__ import annotations

import time
from dataclasses import dataclass

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@dataclass(frozen=True, slots=True)
class Deadline:
    """Represent a moment on the monotonic clock, which all processes of a machine share.

    Attributes:
        at: seconds of ``time.monotonic()``; ``inf`` means never.
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline ``seconds`` from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def never(cls) -> Deadline:
        """Return a deadline that never passes."""
        return cls(float("inf"))

    def remaining(self) -> float:
        """Return the seconds left: 0 if it has passed, ``inf`` if it never does."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raise ``DEADLINE_EXCEEDED`` if the deadline has passed."""
        if self.remaining() <= 0.0:
            raise ServiceError(ErrorKind.DEADLINE_EXCEEDED, "the deadline has passed")
