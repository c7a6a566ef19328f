"""A recogniser that tests hold and let go, for what happens between calls."""

from __future__ import annotations

import asyncio

from tests.support.fake_recognizer import FAKE_PAGE
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline

OPTIONS = RecognitionOptions()


class HeldRecognizer:
    """Every run waits until the test settles it, or is cancelled; looks at no deadline.

    Attributes:
        runs: the outcome of each run so far, for the test to set.
        deadlines: of each run.
        projects: of each run.
    """

    def __init__(self) -> None:
        self.runs: list[asyncio.Future[Page]] = []
        self.deadlines: list[Deadline] = []
        self.projects: list[str] = []

    async def recognize(
        self,
        picture: bytes,  # noqa: ARG002 - the protocol's
        options: RecognitionOptions,  # noqa: ARG002 - the protocol's
        deadline: Deadline,
        project_id: str,
    ) -> Page:
        """What the test says."""
        self.deadlines.append(deadline)
        self.projects.append(project_id)
        self.runs.append(asyncio.get_running_loop().create_future())
        return await self.runs[-1]

    def ready(self) -> bool:
        """Yes."""
        return True

    def answer(self, page: Page = FAKE_PAGE) -> None:
        """Let the last run end."""
        self.runs[-1].set_result(page)

    def fail(self, error: Exception) -> None:
        """Let the last run end badly."""
        self.runs[-1].set_exception(error)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)
