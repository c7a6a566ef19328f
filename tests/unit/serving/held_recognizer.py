"""Provide a fake recognizer whose runs end when the test says so."""

from __future__ import annotations

import asyncio

from tests.support.fake_recognizer import FAKE_PAGE
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline

OPTIONS = RecognitionOptions()


class HeldRecognizer:
    """Hold every run until the test ends it or it is cancelled; ignore deadlines.

    Attributes:
        runs: future of each run, for the test to resolve.
        deadlines: deadline of each run.
        projects: project of each run.
    """

    def __init__(self) -> None:
        self.runs: list[asyncio.Future[Page]] = []
        self.deadlines: list[Deadline] = []
        self.projects: list[str] = []

    async def recognize(
        self,
        image: bytes,  # noqa: ARG002 - the protocol's
        options: RecognitionOptions,  # noqa: ARG002 - the protocol's
        deadline: Deadline,
        project_id: str,
    ) -> Page:
        """Return what the test sets."""
        self.deadlines.append(deadline)
        self.projects.append(project_id)
        self.runs.append(asyncio.get_running_loop().create_future())
        return await self.runs[-1]

    def ready(self) -> bool:
        """Return true."""
        return True

    def answer(self, page: Page = FAKE_PAGE) -> None:
        """Finish the last run."""
        self.runs[-1].set_result(page)

    def fail(self, error: Exception) -> None:
        """Fail the last run."""
        self.runs[-1].set_exception(error)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)
