"""Test the direction of boxes with a recognizer that returns another text in each direction."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.fakes import direction_recognizer
from tests.unit.engine.images import gradient
from tests.unit.engine.shapes import rectangle, upright_box
from web_image_ocr.engine.geometry import Box
from web_image_ocr.engine.recognition.crops import MAX_WIDTH_PX
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX

LINE = upright_box(75, 115, 175, 135)


@pytest.mark.parametrize("first_corner", range(4))
@pytest.mark.parametrize("angle", [0.0, 100.0, 300.0])
@pytest.mark.parametrize("skew", [-50.0, 0.0, 45.0, 90.0, 110.0])
def test_text_legible_both_ways_is_read_from_the_side_of_the_page(
    skew: float, angle: float, first_corner: int
) -> None:
    direction = angle + skew
    recognizer = direction_recognizer({direction: ("6*09", 0.92), direction + 180: ("60*9", 0.97)})
    box = Box(np.roll(rectangle(direction), first_corner, axis=0), 1.0)
    found = recognizer.recognize_skewed(gradient(), box, angle)
    assert found.decoded.text == "6*09"
    assert found.corners == pytest.approx(rectangle(direction))


@pytest.mark.parametrize(("other_way", "text"), [(0.8, "PAID"), (0.6, "unclear")])
def test_unclear_skewed_text_is_read_in_the_more_confident_direction(
    other_way: float, text: str
) -> None:
    recognizer = direction_recognizer({35: ("unclear", 0.7), 215: ("PAID", other_way)})
    found = recognizer.recognize_skewed(gradient(), Box(rectangle(35), 1.0), angle=0.0)
    assert found.decoded.text == text


@pytest.mark.parametrize("short", ["9", "69"])
def test_one_or_two_characters_do_not_turn_a_line_upside_down(short: str) -> None:
    recognizer = direction_recognizer({0: ("unclear", 0.5), 180: (short, 0.99)})
    assert recognizer.recognize_box(gradient(), LINE).decoded.text == "unclear"


@pytest.mark.parametrize(
    ("upright", "other_way", "text"),
    [(0.5, 0.95, "609"), (0.7, 0.95, "unclear"), (0.5, 0.8, "unclear")],
)
def test_a_line_is_upside_down_only_if_that_way_is_confident(
    upright: float, other_way: float, text: str
) -> None:
    recognizer = direction_recognizer({0: ("unclear", upright), 180: ("609", other_way)})
    assert recognizer.recognize_box(gradient(), LINE).decoded.text == text


@pytest.mark.parametrize(("ends_word", "text"), [(True, "half half"), (False, "halfhalf")])
def test_a_line_too_long_for_one_run_is_read_in_segments(ends_word: bool, text: str) -> None:
    length = 1.2 * MAX_WIDTH_PX / LINE_HEIGHT_PX  # of the line's height, two pixels
    line = upright_box(20, 100, 20 + 2 * length, 102)
    image = gradient()
    if ends_word:
        image[100:103, 180:190] = 200
    decoded = direction_recognizer({0: ("half", 0.9)}).recognize(image, line.corners).decoded
    assert decoded.text == text
    assert decoded.confidence == pytest.approx(0.9 * 0.9)
