from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.fakes import direction_recognizer
from tests.unit.engine.images import gradient
from tests.unit.engine.shapes import rectangle, upright_box
from web_image_ocr.engine.geometry import Box, Points, clip_quad
from web_image_ocr.engine.layout.orientation import (
    covered_share,
    dominant_direction,
    estimate_text_angle,
    text_area,
    unrecognized_boxes,
)
from web_image_ocr.engine.page import TextLine

LONG = Box(rectangle(30, width=200, height=40), 1.0)


def test_dominant_direction_is_the_mode() -> None:
    directions = np.array([31.0, 30.0, 29.0, 120.0])
    assert dominant_direction(directions, np.array([2.0, 2.0, 2.0, 3.0])) == pytest.approx(30.0)


def test_directions_wrap_at_180() -> None:
    found = dominant_direction(np.array([178.0, 2.0]), np.array([1.0, 1.0]))
    assert min(found, 180.0 - found) == pytest.approx(0.0, abs=1e-6)


def test_a_slanted_watermark_does_not_tilt_a_straight_page() -> None:
    directions = np.array([135.0] * 6 + [0.5])
    weights = np.array([1.0] * 6 + [3.0])
    assert dominant_direction(directions, weights) == pytest.approx(0.5)


def test_one_straight_line_does_not_straighten_a_tilted_page() -> None:
    directions = np.array([20.0] * 9 + [0.0])
    assert dominant_direction(directions, np.ones(10)) == pytest.approx(20.0)


@pytest.mark.parametrize("straight", [0.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize("tilt", [-1.9, 1.9])
def test_a_slight_tilt_is_ignored(straight: float, tilt: float) -> None:
    reader = direction_recognizer({straight: ("upright", 0.9)})
    boxes = [Box(rectangle(straight + tilt), 1.0)]
    assert estimate_text_angle(gradient(), boxes, reader) == straight


@pytest.mark.parametrize("angle", [2.1, 87.9, 214.0, 357.9])
def test_a_larger_tilt_is_the_angle(angle: float) -> None:
    reader = direction_recognizer({angle: ("upright", 0.9)})
    found = estimate_text_angle(gradient(), [Box(rectangle(angle), 1.0)], reader)
    assert found == pytest.approx(angle, abs=1e-6)


def line(corners: Points) -> TextLine:
    return TextLine(text="read", confidence=0.9, quad=clip_quad(corners, 250, 250))


def test_a_line_across_a_long_box_does_not_cover_it() -> None:
    crossing = line(rectangle(100, width=60, height=20))  # two thirds of it overlap the box
    assert unrecognized_boxes([LONG], [crossing]) == [LONG]


@pytest.mark.parametrize("direction", [30, 40, 210])
def test_the_same_text_detected_in_part_covers_the_box(direction: float) -> None:
    assert unrecognized_boxes([LONG], [line(rectangle(direction, width=60, height=20))]) == []


def test_a_box_inside_a_recognized_line_is_covered() -> None:
    part = Box(rectangle(210, width=60, height=20), 1.0)
    assert unrecognized_boxes([part], [line(LONG.corners)]) == []


def test_a_box_beside_the_lines_remains() -> None:
    beside = Box(rectangle(30, width=60, height=20, centre=(100, 175)), 1.0)
    assert unrecognized_boxes([beside], [line(LONG.corners)]) == [beside]


@pytest.mark.slow
def test_the_index_does_not_change_the_remaining_boxes() -> None:
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
    recognized = [Box(np.array(quad), 1.0).along_long_side() for quad in quads]
    remaining = {id(box) for box in unrecognized_boxes(boxes, lines)}
    sample = boxes[::50]
    covered = [
        sum(covered_share(box.along_long_side(), line) for line in recognized) for box in sample
    ]
    assert [id(box) in remaining for box in sample] == [share < 0.5 for share in covered]
    assert 0 < sum(share < 0.5 for share in covered) < len(sample)


def test_the_text_area_has_a_margin_and_ends_at_the_border() -> None:
    area = text_area([upright_box(5, 100, 105, 120), upright_box(120, 60, 195, 80)], 200, 300)
    assert np.min(area, axis=0) == pytest.approx([-0.5, 60 - 30])
    assert np.max(area, axis=0) == pytest.approx([199.5, 120 + 30])
