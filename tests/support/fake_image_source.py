"""Provide an image source for tests without a network."""

from __future__ import annotations

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class FakeImageSource:
    """Refuse every fetch as ``SOURCE_UNREACHABLE``; remember the URLs.

    Attributes:
        urls: URLs of all calls, in order.
    """

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        del project_id
        deadline.check()
        self.urls.append(url)
        raise ServiceError(ErrorKind.SOURCE_UNREACHABLE, "the fake source reaches nothing")
