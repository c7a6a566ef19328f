"""A recogniser that reads nothing: predictable answers and faults on request, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

NULL_PAGE = Page(
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
"""What every picture says; the second line pokes out of the picture on purpose."""


@dataclass(slots=True)
class NullRecognizer:
    """Gives the same page for every picture, or fails as told.

    Attributes:
        page: the answer.
        fault: called before answering; raises what the call shall raise.
        seconds: how long a call takes.
        alive: what ``ready`` says; a dead recogniser answers no call.
        seen: pictures and options it was called with, in order.
        cancelled: calls given up by their caller.
    """

    page: Page = NULL_PAGE
    fault: Callable[[], None] = lambda: None
    seconds: float = 0.0
    alive: bool = True
    seen: list[tuple[bytes, RecognitionOptions]] = field(default_factory=list)
    cancelled: int = 0

    async def recognize(
        self,
        picture: bytes,
        options: RecognitionOptions,
        deadline: Deadline,
        project_id: str,  # noqa: ARG002 - the protocol's
    ) -> Page:
        """The page, or the fault.

        Raises:
            ServiceError: ``ENGINE_UNAVAILABLE`` when dead, ``DEADLINE_EXCEEDED`` when
                ``seconds`` is beyond the deadline, or what ``fault`` raises.
        """
        self.seen.append((picture, options))
        if not self.alive:
            raise ServiceError(ErrorKind.ENGINE_UNAVAILABLE, "the recogniser was told to be dead")
        try:
            await asyncio.sleep(min(self.seconds, deadline.remaining()))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        deadline.check()
        self.fault()
        return self.page

    def ready(self) -> bool:
        """Whether it was told to be alive."""
        return self.alive
