"""Run an engine whose models count the pixels of their input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from tests.unit.engine.pages import assert_quads_are_sound
from web_image_ocr import Engine, Page, RecognitionOptions
from web_image_ocr.engine.detection.multiscale import MAX_TOTAL_PIXELS
from web_image_ocr.engine.recognition.crops import MAX_WIDTH_PX
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX, Session, Tensor
from web_image_ocr.engine.runtime.session_pool import SessionSet
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

OVERLAP = 1.5
"""Most pixels of all detector runs, to those of the tiles without their overlap."""


@dataclass
class Counted:
    """Record the pixels of each run of a model."""

    session: Session
    pixels: list[int] = field(default_factory=list)

    def run(self, batch: Tensor) -> Tensor:
        self.pixels.append(batch.shape[0] * batch.shape[2] * batch.shape[3])
        return self.session.run(batch)


@dataclass(frozen=True)
class Work:
    """Hold an engine and the runs of its models for the last image.

    Attributes:
        engine: under test.
        detection: its detector.
        recognition: its recognizer.
    """

    engine: Engine
    detection: Counted
    recognition: Counted

    def read(
        self,
        pixels: Pixels,
        options: RecognitionOptions | None = None,
        deadline: Deadline | None = None,
    ) -> Page:
        """Return a page of valid lines; check that the models stayed within their limits."""
        self.detection.pixels.clear()
        self.recognition.pixels.clear()
        page = self.engine.recognize(pixels, options, deadline=deadline)
        assert (page.height, page.width) == pixels.shape[:2]
        assert_quads_are_sound(page)
        assert sum(self.detection.pixels) <= OVERLAP * MAX_TOTAL_PIXELS
        assert max(self.recognition.pixels, default=0) <= LINE_HEIGHT_PX * MAX_WIDTH_PX
        return page


@contextmanager
def counted(engine: Engine) -> Iterator[Work]:
    """Yield the same engine with counting sessions."""
    sessions = engine._sessions.for_cores(None)
    work = Work(engine, Counted(sessions.detection), Counted(sessions.recognition))
    counting_sessions = SessionSet(
        detection=work.detection,
        recognition=work.recognition,
        single_thread_recognition=work.recognition,
        scheduler=sessions.scheduler,
    )
    with patch.object(engine._sessions, "for_cores", lambda _: counting_sessions):
        yield work
