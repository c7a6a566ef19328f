"""Stand-ins for what lies behind the routes."""

from __future__ import annotations

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class NoFetcher:
    """Reaches nothing; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        del project_id
        deadline.check()
        self.asked.append(url)
        raise ServiceError(ErrorKind.SOURCE_UNREACHABLE, "tests reach nothing")
