"""Count the input pixels of an engine's models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from tests.unit.engine.assertions import assert_valid_lines
from web_image_ocr import Engine, Page, RecognitionOptions
from web_image_ocr.engine.detection.multiscale import MAX_TOTAL_PIXELS
from web_image_ocr.engine.recognition.crops import MAX_WIDTH_PX
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX, Session, Tensor
from web_image_ocr.engine.runtime.session_pool import SessionSet
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

MAX_OVERLAP_RATIO = 1.5
"""Upper bound of all detector input to the pixels of views without overlap."""


@dataclass
class CountingSession:
    """Run a model and record the input pixels of each run."""

    session: Session
    pixels: list[int] = field(default_factory=list)

    def run(self, batch: Tensor) -> Tensor:
        self.pixels.append(batch.shape[0] * batch.shape[2] * batch.shape[3])
        return self.session.run(batch)


@dataclass(frozen=True)
class CountingEngine:
    """Hold an engine and the runs of its models for the last image."""

    engine: Engine
    detection: CountingSession
    recognition: CountingSession

    def recognize(
        self,
        pixels: Pixels,
        options: RecognitionOptions | None = None,
        deadline: Deadline | None = None,
    ) -> Page:
        """Return a page of valid lines; check that the models stay within their limits."""
        self.detection.pixels.clear()
        self.recognition.pixels.clear()
        page = self.engine.recognize(pixels, options, deadline=deadline)
        assert (page.height, page.width) == pixels.shape[:2]
        assert_valid_lines(page)
        assert sum(self.detection.pixels) <= MAX_OVERLAP_RATIO * MAX_TOTAL_PIXELS
        assert max(self.recognition.pixels, default=0) <= LINE_HEIGHT_PX * MAX_WIDTH_PX
        return page


@contextmanager
def counting(engine: Engine) -> Iterator[CountingEngine]:
    """Yield the engine with counting sessions."""
    sessions = engine._sessions.for_cores(None)
    counter = CountingEngine(
        engine, CountingSession(sessions.detection), CountingSession(sessions.recognition)
    )
    counting_sessions = SessionSet(
        detection=counter.detection,
        recognition=counter.recognition,
        single_thread_recognition=counter.recognition,
        scheduler=sessions.scheduler,
    )
    with patch.object(engine._sessions, "for_cores", lambda _: counting_sessions):
        yield counter
