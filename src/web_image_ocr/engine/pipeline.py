"""What happens to a picture, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.detection.multiscale import MAX_TOTAL_PIXELS, MultiScaleDetector
from web_image_ocr.engine.geometry import BoundsIndex, Box, Points, image_corners, shared_area
from web_image_ocr.engine.layout.orientation import text_angle
from web_image_ocr.engine.layout.reading_order import reading_order
from web_image_ocr.engine.page import Page, Quad, RecognitionOptions, TextLine
from web_image_ocr.engine.recognition.ctc import read_characters
from web_image_ocr.engine.recognition.curved_text import recognize_curved, resolve_overlaps
from web_image_ocr.engine.recognition.decoder import Decoder
from web_image_ocr.engine.recognition.lexicon import Lexicon
from web_image_ocr.engine.recognition.recognizer import LineRecognizer, RecognizedLine, is_plausible
from web_image_ocr.engine.runtime.line_scheduler import LineScheduler
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.session_pool import SessionPool, SessionSet
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

# Ground around the text that was found, in line heights: text missed at its edge is beside it.
# Of six angles of the shop pictures, seen by its text instead of whole: word F .847 to .863.
_GROUND = 1.5
_ALONG = 20.0  # degrees between two boxes within which they are taken to hold the same line


class Engine:
    """Reads pictures. Immutable once built; safe to call from many threads.

    Args:
        config: models, threads and bounds.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when a model is missing or altered,
            ``CONFIGURATION_INVALID`` when there is no word list for a language.
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
        """All text of one picture; the same picture gives the same page.

        Args:
            pixels: (H, W, 3) uint8, RGB.
            options: what this call asks for.
            cores: how many cores this call may use; none means all allowed ones.
            deadline: when the answer is of no more use; looked at before each run of a model.

        Raises:
            ServiceError: ``DEADLINE_EXCEEDED``; ``RECOGNITION_FAILED`` when a stage failed on
                this picture.
        """
        sessions = self._sessions.for_cores(cores)
        try:
            return self._recognize(
                pixels, options or RecognitionOptions(), sessions, deadline or Deadline.never()
            )
        except ServiceError:
            raise
        except Exception as error:
            raise ServiceError(
                ErrorKind.RECOGNITION_FAILED, f"recognition raised {type(error).__name__}"
            ) from error

    def _recognize(
        self, pixels: Pixels, options: RecognitionOptions, sessions: SessionSet, deadline: Deadline
    ) -> Page:
        height, width = pixels.shape[:2]
        reader = LineRecognizer(sessions.recognition, self._decoder, deadline)
        readers = _Readers(
            reader, replace(reader, session=sessions.single_thread_recognition), sessions.scheduler
        )
        clock = _StageClock(deadline)
        survey = MultiScaleDetector(
            session=sessions.detection,
            pixels=pixels,
            max_pixels=self._config.max_detection_pixels,
            deadline=deadline,
            # A picture that must be turned is looked at twice.
            max_total_pixels=MAX_TOTAL_PIXELS // 2
            if options.detect_direction
            else MAX_TOTAL_PIXELS,
        )
        with clock.stage("detect"):
            found = survey.detect(image_corners(width, height))
        boxes = found.boxes
        angle = 0.0
        if options.detect_direction:
            with clock.stage("align"):
                angle = text_angle(pixels, boxes, reader)
        aligned = boxes
        if angle:
            with clock.stage("detect"):
                found = survey.detect(ground_of(boxes, width, height), angle)
            aligned = found.boxes
        with clock.stage("read"):
            lines = self._read(pixels, aligned, LineRecognizer.recognize_box, readers)
            if angle:  # what runs in another direction was seen, if at all, before aligning
                askew = _not_yet_read(boxes, lines)
                lines += self._read(
                    pixels, askew, partial(LineRecognizer.recognize_skewed, angle=angle), readers
                )
            bent = recognize_curved(found.regions, survey, reader)
            lines = resolve_overlaps(
                lines, [(_line(pixels, one.line), one.outline) for one in bent]
            )
        with clock.stage("order"):
            ordered = tuple(lines[i] for i in reading_order([line.quad for line in lines]))
        return Page(width=width, height=height, lines=ordered, timings=clock.timings)

    def _read(
        self,
        pixels: Pixels,
        boxes: Sequence[Box],
        read: Callable[[LineRecognizer, Pixels, Box], RecognizedLine],
        readers: _Readers,
    ) -> list[TextLine]:
        """The lines of those boxes that hold text, each read by ``read``."""
        found = readers.side_by_side.map(
            boxes,
            [box.length for box in boxes],
            intra_op=lambda box: read(readers.together, pixels, box),
            inter_op=lambda box: read(readers.alone, pixels, box),
        )
        least = self._config.min_confidence
        return [_line(pixels, one) for one in found if is_plausible(one.decoded, least)]


@dataclass(frozen=True, slots=True)
class _Readers:
    """Who reads the lines of one picture: all threads together, or each alone, side by side."""

    together: LineRecognizer
    alone: LineRecognizer
    side_by_side: LineScheduler


class _StageClock:
    """Seconds by stage; looks at the deadline before each."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self.timings: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._deadline.check()
        started = time.perf_counter()
        yield
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started


def ground_of(boxes: Sequence[Box], width: int, height: int) -> Points:
    """Points (N, 2) that hold all boxes with some ground around them, in pixels of the picture.

    They lie in the picture, whose size is given.

    A turned picture has empty corners, which cost detail where pixels are bounded; the text
    alone can be seen larger.
    """
    corners = np.concatenate([box.corners for box in boxes])
    margin = _GROUND * float(np.median([min(box.width, box.height) for box in boxes]))
    shifts = [(x, y) for x in (-margin, margin) for y in (-margin, margin)]
    points = np.concatenate([corners + shift for shift in shifts])
    inside: Points = np.clip(points, *image_corners(width, height)[[0, 2]])
    return inside


def _not_yet_read(boxes: Sequence[Box], lines: Sequence[TextLine]) -> list[Box]:
    """The boxes that lie for the most part outside the lines read before.

    Of a line that runs along with a box, and is about as high, whichever is smaller counts: the
    same text found in part. Any other line has read only what it covers of the box.
    """
    read = [Box(np.array(line.quad), line.confidence).along_long_side() for line in lines]
    places = BoundsIndex([line.corners for line in read])
    fresh = []
    for box in boxes:
        met = [read[index] for index in places.overlapping(box.corners)]
        if sum(_covered(box.along_long_side(), line) for line in met) < 0.5:
            fresh.append(box)
    return fresh


def _covered(box: Box, line: Box) -> float:
    gap = abs((box.direction - line.direction + 90.0) % 180.0 - 90.0)
    same = gap <= _ALONG and line.height >= box.height / 2
    whole = min(box.area, line.area) if same else box.area
    return shared_area(box.corners, line.corners) / max(whole, 1.0)


def _line(pixels: Pixels, found: RecognizedLine) -> TextLine:
    height, width = pixels.shape[:2]
    return TextLine(
        text=found.decoded.text,
        confidence=found.decoded.confidence,
        quad=quad_inside(found.corners, width, height),
    )


def quad_inside(corners: Points, width: int, height: int) -> Quad:
    """Corners (4, 2) as a quad, moved into the picture where they stick out."""
    inside = np.clip(corners, 0.0, [width - 1, height - 1])
    a, b, c, d = ((float(x), float(y)) for x, y in inside)
    return a, b, c, d
