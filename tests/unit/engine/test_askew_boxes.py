"""Which boxes aligning leaves to be read, and the ground on which the text is looked for again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.shapes import rectangle, upright_box
from web_image_ocr.engine.geometry import Box, Points, clip_quad
from web_image_ocr.engine.layout.orientation import covered_share, text_area, unrecognized_boxes
from web_image_ocr.engine.page import TextLine

LONG = Box(rectangle(30, width=200, height=40), 1.0)


def line(corners: Points) -> TextLine:
    return TextLine(text="read", confidence=0.9, quad=clip_quad(corners, 250, 250))


def test_a_line_that_crosses_a_long_box_does_not_hide_it() -> None:
    crossing = line(rectangle(100, width=60, height=20))  # two thirds of it lie in the box
    assert unrecognized_boxes([LONG], [crossing]) == [LONG]


@pytest.mark.parametrize("direction", [30, 40, 210])
def test_the_same_text_found_in_part_hides_the_box(direction: float) -> None:
    assert unrecognized_boxes([LONG], [line(rectangle(direction, width=60, height=20))]) == []


def test_a_box_in_a_line_that_was_read_is_hidden() -> None:
    part = Box(rectangle(210, width=60, height=20), 1.0)
    assert unrecognized_boxes([part], [line(LONG.corners)]) == []


def test_a_box_beside_the_lines_is_still_to_be_read() -> None:
    beside = Box(rectangle(30, width=60, height=20, centre=(100, 175)), 1.0)
    assert unrecognized_boxes([beside], [line(LONG.corners)]) == [beside]


@pytest.mark.slow
def test_among_many_lines_the_same_boxes_are_still_to_be_read() -> None:
    random = np.random.default_rng(3)

    def some(count: int) -> list[Points]:
        return [
            rectangle(
                random.uniform(0, 360),
                width=random.uniform(5, 20),
                height=random.uniform(2, 8),
                centre=(random.uniform(20, 980), random.uniform(20, 980)),
            )
            for _ in range(count)
        ]

    boxes = [Box(corners, 1.0) for corners in some(2000)]
    quads = [clip_quad(corners, 1000, 1000) for corners in some(2000)]
    lines = [TextLine(text="read", confidence=0.9, quad=quad) for quad in quads]
    read = [Box(np.array(quad), 1.0).along_long_side() for quad in quads]
    fresh = {id(box) for box in unrecognized_boxes(boxes, lines)}
    sample = boxes[::50]
    covered = [sum(covered_share(box.along_long_side(), line) for line in read) for box in sample]
    assert [id(box) in fresh for box in sample] == [share < 0.5 for share in covered]
    assert 0 < sum(share < 0.5 for share in covered) < len(sample)


def test_the_ground_goes_around_the_text_and_ends_with_the_picture() -> None:
    ground = text_area([upright_box(5, 100, 105, 120), upright_box(120, 60, 195, 80)], 200, 300)
    assert np.min(ground, axis=0) == pytest.approx([-0.5, 60 - 30])
    assert np.max(ground, axis=0) == pytest.approx([199.5, 120 + 30])
