"""Provide a fake Recognizer: predictable answers and failures on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

FAKE_PAGE = Page(
    width=640,
    height=480,
    lines=(
        TextLine(
            text="Hello",
            confidence=0.98765,
            quad=((10.2, 20.4), (110.6, 20.4), (110.6, 44.5), (10.2, 44.5)),
        ),
        TextLine(
            text="世界",
            confidence=1.0,
            quad=((-3.0, 100.0), (700.0, 100.0), (700.0, 480.0), (-3.0, 480.0)),
        ),
    ),
    timings={"detect": 0.010, "read": 0.020},
)
"""The default answer. The second line extends beyond the image on purpose."""


@dataclass(slots=True)
class FakeRecognizer:
    """Answer every image with the same page, or fail on demand.

    Attributes:
        page: the answer.
        fault: called before each answer; raises the exception that the call should end with.
        seconds: duration of a call.
        alive: result of ``ready``; while false, every call fails.
        calls: image and options of each call, in order.
        cancelled: number of calls that were cancelled.
    """

    page: Page = FAKE_PAGE
    fault: Callable[[], None] = lambda: None
    seconds: float = 0.0
    alive: bool = True
    calls: list[tuple[bytes, RecognitionOptions]] = field(default_factory=list)
    cancelled: int = 0

    async def recognize(
        self,
        image: bytes,
        options: RecognitionOptions,
        deadline: Deadline,
        project_id: str,  # noqa: ARG002 - the protocol's
    ) -> Page:
        """Return the page, or raise the fault.

        Raises:
            ServiceError: ``ENGINE_UNAVAILABLE`` while not alive, ``DEADLINE_EXCEEDED`` if
                ``seconds`` exceeds the deadline, or whatever ``fault`` raises.
        """
        self.calls.append((image, options))
        if not self.alive:
            raise ServiceError(ErrorKind.ENGINE_UNAVAILABLE, "the fake recognizer is not alive")
        try:
            await asyncio.sleep(min(self.seconds, deadline.remaining()))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        deadline.check()
        self.fault()
        return self.page

    def ready(self) -> bool:
        """Return ``alive``."""
        return self.alive
