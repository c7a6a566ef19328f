"""Recognize the text of an image, stage by stage.

detect: boxes of lines, at several scales (``detection``)
align:  the rotation of the text, on request (``layout.orientation``), then detect again
read:   straight, skewed and curved lines (``recognition``)
order:  reading order (``layout.reading_order``)

The ``Server-Timing`` header of an answer has the same names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.detection.multiscale import MAX_TOTAL_PIXELS, MultiScaleDetector
from web_image_ocr.engine.geometry import Box, clip_quad, image_corners
from web_image_ocr.engine.layout.orientation import (
    estimate_text_angle,
    text_area,
    unrecognized_boxes,
)
from web_image_ocr.engine.layout.reading_order import reading_order
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.engine.recognition.ctc import read_characters
from web_image_ocr.engine.recognition.curved_text import recognize_curved, resolve_overlaps
from web_image_ocr.engine.recognition.decoder import Decoder
from web_image_ocr.engine.recognition.lexicon import Lexicon
from web_image_ocr.engine.recognition.recognizer import LineRecognizer, RecognizedLine, is_plausible
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.session_pool import SessionPool, SessionSet
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels


class Engine:
    """Recognize text in images. Immutable; safe to call from many threads.

    Args:
        config: models, threads and limits.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when a model is missing or altered,
            ``CONFIGURATION_INVALID`` when a language has no word list.
    """

    def __init__(self, config: EngineConfig | None = None) -> None:
        self._config = config or EngineConfig()
        models = load_models(self._config)
        self._sessions = SessionPool(models, self._config.threads)
        self._sessions.for_cores(None)
        self._decoder = Decoder(
            read_characters(models.metadata),
            Lexicon.for_languages(self._config.languages) if self._config.languages else None,
        )

    def recognize(
        self,
        pixels: Pixels,
        options: RecognitionOptions | None = None,
        *,
        cores: int | None = None,
        deadline: Deadline | None = None,
    ) -> Page:
        """Return all text of one image; deterministic.

        Args:
            pixels: (H, W, 3) uint8, RGB.
            options: of this call.
            cores: number of cores this call may use; none means all that the process may use.
            deadline: checked before each stage and each run of a model.

        Raises:
            ServiceError: ``DEADLINE_EXCEEDED``; ``RECOGNITION_FAILED`` when a stage fails.
        """
        sessions = self._sessions.for_cores(cores)
        try:
            return self._run_stages(
                pixels, options or RecognitionOptions(), sessions, deadline or Deadline.never()
            )
        except ServiceError:
            raise
        except Exception as error:
            raise ServiceError(
                ErrorKind.RECOGNITION_FAILED, f"recognition raised {type(error).__name__}"
            ) from error

    def _run_stages(
        self, pixels: Pixels, options: RecognitionOptions, sessions: SessionSet, deadline: Deadline
    ) -> Page:
        height, width = pixels.shape[:2]
        clock = _StageClock(deadline)
        detector = MultiScaleDetector(
            session=sessions.detection,
            pixels=pixels,
            max_pixels=self._config.max_detection_pixels,
            deadline=deadline,
            # Aligning may detect twice.
            max_total_pixels=MAX_TOTAL_PIXELS // (2 if options.detect_direction else 1),
        )
        recognizer = LineRecognizer(sessions.recognition, self._decoder, deadline)
        box_recognizer = _BoxRecognizer(pixels, recognizer, sessions, self._config.min_confidence)
        with clock.stage("detect"):
            unaligned = detections = detector.detect(image_corners(width, height))
        angle = 0.0
        if options.detect_direction:
            with clock.stage("align"):
                angle = estimate_text_angle(pixels, unaligned.boxes, recognizer)
        if angle:
            with clock.stage("detect"):
                detections = detector.detect(text_area(unaligned.boxes, width, height), angle)
        with clock.stage("read"):
            lines = box_recognizer.recognize(detections.boxes, LineRecognizer.recognize_box)
            if angle:  # the aligned view shows skewed lines badly
                skewed = unrecognized_boxes(unaligned.boxes, lines)
                lines += box_recognizer.recognize(
                    skewed, partial(LineRecognizer.recognize_skewed, angle=angle)
                )
            curved = recognize_curved(detections.regions, detector, recognizer)
            lines = resolve_overlaps(
                lines, [(_text_line(pixels, each.line), each.outline) for each in curved]
            )
        with clock.stage("order"):
            ordered = tuple(lines[i] for i in reading_order([line.quad for line in lines]))
        return Page(width=width, height=height, lines=ordered, timings=clock.timings)


@dataclass(frozen=True, slots=True)
class _BoxRecognizer:
    """Recognize the boxes of one image, several at once where that is faster."""

    pixels: Pixels
    recognizer: LineRecognizer
    sessions: SessionSet
    min_confidence: float

    def recognize(
        self, boxes: Sequence[Box], method: Callable[[LineRecognizer, Pixels, Box], RecognizedLine]
    ) -> list[TextLine]:
        """Return the lines of those boxes that contain text, in the order of the boxes."""
        single = replace(self.recognizer, session=self.sessions.single_thread_recognition)
        lines = self.sessions.scheduler.map(
            boxes,
            [box.aspect_ratio for box in boxes],
            intra_op=lambda box: method(self.recognizer, self.pixels, box),
            inter_op=lambda box: method(single, self.pixels, box),
        )
        plausible = (line for line in lines if is_plausible(line.decoded, self.min_confidence))
        return [_text_line(self.pixels, line) for line in plausible]


class _StageClock:
    """Measure the seconds of each stage; check the deadline before it."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self.timings: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._deadline.check()
        started = time.perf_counter()
        yield
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started


def _text_line(pixels: Pixels, line: RecognizedLine) -> TextLine:
    height, width = pixels.shape[:2]
    return TextLine(
        text=line.decoded.text,
        confidence=line.decoded.confidence,
        quad=clip_quad(line.corners, width, height),
    )
