from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.arcs import Arc, draw
from benchmarks.text import unspaced
from tests.unit.engine.drawn import AsItIs, DarkIsText, ink_engine, ink_reader
from tests.unit.engine.pages import assert_quads_are_sound
from tests.unit.engine.pictures import turned, written
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


def test_a_bent_line_takes_the_place_of_pieces_that_say_less() -> None:
    pieces = [line("min", 0, 0, 40, 20), line("ter", 60, 5, 100, 25), line("aside", 0, 90, 50, 110)]
    bent = line("mineral water", 0, 0, 100, 22)
    assert resolve_overlaps(pieces, [(bent, outline(bent))]) == [pieces[2], bent]


def test_a_straight_line_stays_where_the_bent_one_says_less() -> None:
    whole, bent = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    assert resolve_overlaps([whole], [(bent, outline(bent))]) == [whole]


def test_what_two_arcs_show_is_given_once() -> None:
    longer, shorter = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    bent = [(shorter, outline(shorter)), (longer, outline(longer))]
    assert resolve_overlaps([], bent) == [longer]


def ring(width: int, height: int, centre: tuple[int, int], radius: int) -> tuple[Pixels, Points]:
    """A picture with seven tenths of a ring, 24 pixels thick, and the ring's contour."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    cv2.ellipse(pixels, centre, (radius,) * 2, 0, 110, 360, (0, 0, 0), 24)
    mask = np.asarray(pixels[..., 0] < 128, dtype=np.uint8)
    (contour, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return pixels, np.asarray(contour[:, 0], dtype=np.float64)


def survey(
    pixels: Pixels, detector: DarkIsText, deadline: Deadline | None = None
) -> MultiScaleDetector:
    return MultiScaleDetector(
        session=detector,
        pixels=pixels,
        max_pixels=2_000_000,
        deadline=deadline or Deadline.never(),
    )


@pytest.mark.slow
def test_however_many_arcs_there_are_the_work_is_bounded() -> None:
    pixels, contour = ring(800, 800, (400, 400), 350)
    one, all_of_them = DarkIsText(), DarkIsText()
    assert len(recognize_curved([contour], survey(pixels, one), ink_reader(AsItIs()))) == 1
    lines = recognize_curved(
        [contour] * MAX_ARCS, survey(pixels, all_of_them), ink_reader(AsItIs())
    )
    assert 1 < len(lines) < MAX_ARCS
    # A strip is seen at a scale of 1.25, and once from afar.
    assert sum(all_of_them.seen) <= 2.2 * MAX_STRIP_PIXELS + sum(one.seen)


@pytest.mark.parametrize("stage", ["detection", "recognition"])
def test_a_deadline_that_passes_ends_the_look_at_arcs(stage: str) -> None:
    pixels, contour = ring(400, 400, (200, 200), 150)
    detector, recogniser, passed = DarkIsText(), AsItIs(), Deadline(0.0)
    surveyed = survey(pixels, detector, passed if stage == "detection" else None)
    with pytest.raises(ServiceError) as caught:
        recognize_curved([contour], surveyed, ink_reader(recogniser, passed))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    assert (detector.seen == []) is (stage == "detection")
    assert recogniser.runs == 0


@pytest.mark.parametrize(
    "centre",
    [(200, 164), (200, 235), (164, 200), (235, 200), (164, 164)],
    ids=["top", "bottom", "left", "right", "corner"],
)
def test_a_bent_line_at_the_rim_is_sound(centre: tuple[int, int]) -> None:
    """Its core ends two pixels from the rim; its rectangle goes beyond."""
    pixels, _ = ring(400, 400, centre, 150)
    page = ink_engine(DarkIsText()).recognize(pixels)
    assert_quads_are_sound(page)
    assert max(len(line.text) for line in page.lines) > 15, "as long as only a bent line is"


@pytest.mark.models
@pytest.mark.parametrize(
    "arc",
    [
        Arc("FRESH ROASTED COFFEE", 4),
        Arc("natural mineral water", 4, lower=True),
        Arc("Handmade in Scotland official seal of the company", 5),
        Arc("SINCE 1987 natural mineral water Original Recipe", 10),
    ],
)
def test_lettering_on_a_circle_is_read_as_one_line(engine: Engine, arc: Arc) -> None:
    (found,) = engine.recognize(draw(arc)).lines
    assert unspaced(found.text) == unspaced(arc.text)
    (x, y), (right, below), *_ = found.quad
    assert right > x
    assert abs(below - y) < (right - x) / 5


@pytest.mark.models
def test_lettering_that_reaches_the_rim_is_read(engine: Engine) -> None:
    pixels = draw(Arc("FRESH ROASTED COFFEE", 4))
    rows, columns = np.nonzero(pixels[..., 0] < 128)
    cut = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].copy()
    page = engine.recognize(cut)
    assert_quads_are_sound(page)
    assert [unspaced(found.text) for found in page.lines] == ["freshroastedcoffee"]


@pytest.mark.models
def test_a_turned_arc_is_read_with_and_without_its_direction(engine: Engine) -> None:
    turned = np.rot90(draw(Arc("FRESH ROASTED COFFEE", 6))).copy()
    for detect_direction in (False, True):
        options = RecognitionOptions(detect_direction=detect_direction)
        (found,) = engine.recognize(turned, options).lines
        assert unspaced(found.text) == "freshroastedcoffee"
        (_, top), (_, bottom), *_ = found.quad
        assert bottom < top  # the text climbs


@pytest.mark.models
def test_straight_text_inside_a_ring_is_kept(engine: Engine) -> None:
    pixels = draw(Arc("natural mineral water since nineteen eighty", 6))
    pixels[235:275, 180:340] = written([(5, 5, "QUALITY")], width=160, height=40, size=28)
    texts = {unspaced(found.text) for found in engine.recognize(pixels).lines}
    assert texts == {"quality", "naturalmineralwatersincenineteeneighty"}


@pytest.mark.models
def test_two_straight_lines_that_meet_stay_two(engine: Engine) -> None:
    flat = written([(20, 20, "Handmade in")], width=420, height=200, size=32)
    slanting = turned(written([(8, 4, "Scotland")], width=160, height=48, size=32), 25)
    height, width = slanting.shape[:2]
    flat[22 : 22 + height, 220 : 220 + width] = slanting
    texts = [found.text for found in engine.recognize(flat).lines]
    assert texts == ["Handmade in", "Scotland"]
