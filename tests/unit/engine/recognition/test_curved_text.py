from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.arcs import CurvedText, draw
from benchmarks.text import unspaced
from tests.unit.engine.assertions import assert_valid_lines
from tests.unit.engine.fakes import DarkPixelDetector, IdentityModel, ink_engine, ink_recognizer
from tests.unit.engine.images import draw_lines, rotate
from web_image_ocr import Engine, RecognitionOptions
from web_image_ocr.engine.detection.multiscale import MultiScaleDetector
from web_image_ocr.engine.geometry import Points
from web_image_ocr.engine.page import TextLine
from web_image_ocr.engine.recognition.arcs import MAX_ARCS
from web_image_ocr.engine.recognition.curved_text import (
    MAX_STRIP_PIXELS,
    recognize_curved,
    resolve_overlaps,
)
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

STEPS = np.linspace(0, 1, 17)[:, None]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def line(text: str, left: float, top: float, right: float, bottom: float) -> TextLine:
    quad = ((left, top), (right, top), (right, bottom), (left, bottom))
    return TextLine(text=text, confidence=0.9, quad=quad)


def outline(one: TextLine) -> np.ndarray:
    a, b, c, d = np.array(one.quad)
    return np.concatenate([a + STEPS * (b - a), c + STEPS * (d - c)])


def test_a_curved_line_replaces_parts_with_fewer_characters() -> None:
    parts = [line("min", 0, 0, 40, 20), line("ter", 60, 5, 100, 25), line("aside", 0, 90, 50, 110)]
    curved = line("mineral water", 0, 0, 100, 22)
    assert resolve_overlaps(parts, [(curved, outline(curved))]) == [parts[2], curved]


def test_a_straight_line_stays_where_the_curved_one_has_fewer_characters() -> None:
    whole, curved = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    assert resolve_overlaps([whole], [(curved, outline(curved))]) == [whole]


def test_a_line_found_on_two_arcs_is_returned_once() -> None:
    longer, shorter = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    curved = [(shorter, outline(shorter)), (longer, outline(longer))]
    assert resolve_overlaps([], curved) == [longer]


def ring(width: int, height: int, center: tuple[int, int], radius: int) -> tuple[Pixels, Points]:
    """Return an image with 70 % of a ring, 24 pixels thick, and the ring's contour."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    cv2.ellipse(pixels, center, (radius,) * 2, 0, 110, 360, (0, 0, 0), 24)
    mask = np.asarray(pixels[..., 0] < 128, dtype=np.uint8)
    (contour, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return pixels, np.asarray(contour[:, 0], dtype=np.float64)


def detector_on(
    pixels: Pixels, detector: DarkPixelDetector, deadline: Deadline | None = None
) -> MultiScaleDetector:
    return MultiScaleDetector(
        session=detector,
        pixels=pixels,
        max_pixels=2_000_000,
        deadline=deadline or Deadline.never(),
    )


@pytest.mark.slow
def test_many_arcs_cost_a_bounded_number_of_pixels() -> None:
    pixels, contour = ring(800, 800, (400, 400), 350)
    one, all_of_them = DarkPixelDetector(), DarkPixelDetector()
    recognizer = ink_recognizer(IdentityModel())
    assert len(recognize_curved([contour], detector_on(pixels, one), recognizer)) == 1
    lines = recognize_curved([contour] * MAX_ARCS, detector_on(pixels, all_of_them), recognizer)
    assert 1 < len(lines) < MAX_ARCS
    # The detector sees a strip at a scale of 1.25, and once more in the coarse pass.
    assert sum(all_of_them.input_pixels) <= 2.2 * MAX_STRIP_PIXELS + sum(one.input_pixels)


@pytest.mark.parametrize("stage", ["detection", "recognition"])
def test_a_passed_deadline_ends_the_recognition_of_arcs(stage: str) -> None:
    pixels, contour = ring(400, 400, (200, 200), 150)
    detector, recognizer, passed = DarkPixelDetector(), IdentityModel(), Deadline(0.0)
    on_image = detector_on(pixels, detector, passed if stage == "detection" else None)
    with pytest.raises(ServiceError) as caught:
        recognize_curved([contour], on_image, ink_recognizer(recognizer, passed))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    assert (detector.input_pixels == []) is (stage == "detection")
    assert recognizer.runs == 0


@pytest.mark.parametrize(
    "center",
    [(200, 164), (200, 235), (164, 200), (235, 200), (164, 164)],
    ids=["top", "bottom", "left", "right", "corner"],
)
def test_a_curved_line_at_the_border_has_a_valid_quad(center: tuple[int, int]) -> None:
    """Its core ends two pixels from the border; its rectangle goes beyond."""
    pixels, _ = ring(400, 400, center, 150)
    page = ink_engine(DarkPixelDetector()).recognize(pixels)
    assert_valid_lines(page)
    assert max(len(line.text) for line in page.lines) > 15, "only a curved line is that long"


@pytest.mark.models
@pytest.mark.parametrize(
    "arc",
    [
        CurvedText("FRESH ROASTED COFFEE", 4),
        CurvedText("natural mineral water", 4, lower=True),
        CurvedText("Handmade in Scotland official seal of the company", 5),
        CurvedText("SINCE 1987 natural mineral water Original Recipe", 10),
    ],
)
def test_lettering_on_a_circle_is_read_as_one_line(engine: Engine, arc: CurvedText) -> None:
    (found,) = engine.recognize(draw(arc)).lines
    assert unspaced(found.text) == unspaced(arc.text)
    (x, y), (right, below), *_ = found.quad
    assert right > x
    assert abs(below - y) < (right - x) / 5


@pytest.mark.models
def test_lettering_that_reaches_the_border_is_read(engine: Engine) -> None:
    pixels = draw(CurvedText("FRESH ROASTED COFFEE", 4))
    rows, columns = np.nonzero(pixels[..., 0] < 128)
    cropped = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].copy()
    page = engine.recognize(cropped)
    assert_valid_lines(page)
    assert [unspaced(found.text) for found in page.lines] == ["freshroastedcoffee"]


@pytest.mark.models
def test_a_rotated_arc_is_read_with_and_without_detection_of_direction(engine: Engine) -> None:
    turned = np.rot90(draw(CurvedText("FRESH ROASTED COFFEE", 6))).copy()
    for detect_direction in (False, True):
        options = RecognitionOptions(detect_direction=detect_direction)
        (found,) = engine.recognize(turned, options).lines
        assert unspaced(found.text) == "freshroastedcoffee"
        (_, top), (_, bottom), *_ = found.quad
        assert bottom < top  # the text climbs


@pytest.mark.models
def test_straight_text_inside_a_ring_is_kept(engine: Engine) -> None:
    pixels = draw(CurvedText("natural mineral water since nineteen eighty", 6))
    pixels[235:275, 180:340] = draw_lines([(5, 5, "QUALITY")], width=160, height=40, size=28)
    texts = {unspaced(found.text) for found in engine.recognize(pixels).lines}
    assert texts == {"quality", "naturalmineralwatersincenineteeneighty"}


@pytest.mark.models
def test_two_straight_lines_that_meet_stay_two(engine: Engine) -> None:
    flat = draw_lines([(20, 20, "Handmade in")], width=420, height=200, size=32)
    tilted = rotate(draw_lines([(8, 4, "Scotland")], width=160, height=48, size=32), 25)
    height, width = tilted.shape[:2]
    flat[22 : 22 + height, 220 : 220 + width] = tilted
    texts = [found.text for found in engine.recognize(flat).lines]
    assert texts == ["Handmade in", "Scotland"]
