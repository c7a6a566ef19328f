"""Which way a box is read, seen by a reader that says something else in each direction."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.compass import box_from, compass, reader_by_direction, rectangle
from web_image_ocr.engine.geometry import Box
from web_image_ocr.engine.recognition.crops import MAX_WIDTH_PX
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX

LINE = box_from(75, 115, 175, 135)


@pytest.mark.parametrize("first_corner", range(4))
@pytest.mark.parametrize("angle", [0.0, 100.0, 300.0])
@pytest.mark.parametrize("askew", [-50.0, 0.0, 45.0, 90.0, 110.0])
def test_what_reads_both_ways_is_read_from_the_side_of_the_page(
    askew: float, angle: float, first_corner: int
) -> None:
    direction = angle + askew
    reader = reader_by_direction({direction: ("6*09", 0.92), direction + 180: ("60*9", 0.97)})
    box = Box(np.roll(rectangle(direction), first_corner, axis=0), 1.0)
    found = reader.recognize_skewed(compass(), box, angle)
    assert found.decoded.text == "6*09"
    assert found.corners == pytest.approx(rectangle(direction))


@pytest.mark.parametrize(("other_way", "text"), [(0.8, "PAID"), (0.6, "unclear")])
def test_what_is_unclear_askew_is_read_the_clearer_way(other_way: float, text: str) -> None:
    reader = reader_by_direction({35: ("unclear", 0.7), 215: ("PAID", other_way)})
    found = reader.recognize_skewed(compass(), Box(rectangle(35), 1.0), angle=0.0)
    assert found.decoded.text == text


@pytest.mark.parametrize("short", ["9", "69"])
def test_one_or_two_characters_do_not_turn_a_line_upside_down(short: str) -> None:
    reader = reader_by_direction({0: ("unclear", 0.5), 180: (short, 0.99)})
    assert reader.recognize_box(compass(), LINE).decoded.text == "unclear"


@pytest.mark.parametrize(
    ("upright", "other_way", "text"),
    [(0.5, 0.95, "609"), (0.7, 0.95, "unclear"), (0.5, 0.8, "unclear")],
)
def test_a_line_is_upside_down_where_only_that_way_is_clear(
    upright: float, other_way: float, text: str
) -> None:
    reader = reader_by_direction({0: ("unclear", upright), 180: ("609", other_way)})
    assert reader.recognize_box(compass(), LINE).decoded.text == text


@pytest.mark.parametrize(("word_ends", "text"), [(True, "half half"), (False, "halfhalf")])
def test_a_line_too_long_for_one_run_is_read_in_pieces(word_ends: bool, text: str) -> None:
    length = 1.2 * MAX_WIDTH_PX / LINE_HEIGHT_PX  # of the line's height, two pixels
    line = box_from(20, 100, 20 + 2 * length, 102)
    picture = compass()
    if word_ends:
        picture[100:103, 180:190] = 200
    reading = reader_by_direction({0: ("half", 0.9)}).recognize(picture, line.corners).decoded
    assert reading.text == text
    assert reading.confidence == pytest.approx(0.9 * 0.9)
