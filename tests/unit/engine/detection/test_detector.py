from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.engine.shapes import rectangle, upright_box
from web_image_ocr.engine.detection.detector import (
    MAX_REGIONS,
    extend_to_border,
    find_boxes,
    unclip,
)
from web_image_ocr.engine.geometry import Box


def test_the_core_of_a_line_gives_its_rectangle() -> None:
    core = np.zeros((128, 256), np.uint8)
    core[40:60, 30:200] = 230
    ((corners, score),) = find_boxes(core)
    assert score == pytest.approx(0.9, abs=0.1)
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    assert left < 30
    assert right > 199
    assert top < 40
    assert bottom > 59
    assert corners[0] == pytest.approx([left, top])
    assert corners[1] == pytest.approx([right, top])


def test_two_lines_joined_by_faint_pixels_are_split() -> None:
    cores = np.zeros((256, 256), np.uint8)
    cv2.line(cores, (20, 60), (230, 60), (242,), 14)
    cv2.line(cores, (120, 220), (220, 90), (242,), 14)
    cv2.line(cores, (215, 95), (220, 62), (102,), 6)
    assert len(find_boxes(cores)) == 2


def test_faint_and_tiny_regions_are_not_text() -> None:
    faint = np.zeros((64, 64), np.uint8)
    faint[20:40, 10:50] = 90
    assert find_boxes(faint) == []
    tiny = np.zeros((64, 64), np.uint8)
    tiny[30, 30] = 255
    assert find_boxes(tiny) == []


def test_too_many_regions_keep_the_largest() -> None:
    """Draw 2,500 faint blocks, which split into 36 marks each, and one line above them."""
    marks = np.full((50, 50), 102, np.uint8)
    rows, columns = np.indices(marks.shape)
    marks[(rows % 8 < 4) & (columns % 8 < 4) & (rows < 48) & (columns < 48)] = 230
    cores = np.tile(np.pad(marks, 2), (50, 50))
    cores[:60] = 0
    cores[2:58, 300:2000] = 230
    boxes = find_boxes(cores)
    assert len(boxes) == MAX_REGIONS
    assert max(np.ptp(corners[:, 0]) for corners, _ in boxes) > 1700


@pytest.mark.slow
def test_a_long_line_above_many_specks_is_kept() -> None:
    cores = np.zeros((1000, 1000), np.uint8)
    rows, columns = np.indices(cores.shape)
    cores[(rows % 12 < 4) & (columns % 12 < 4)] = 230
    cores[:30] = 0
    cores[10:18, 50:950] = 230
    boxes = find_boxes(cores)
    assert len(boxes) <= MAX_REGIONS
    assert max(np.ptp(corners[:, 0]) for corners, _ in boxes) > 900


def test_unclip_returns_a_point_unchanged() -> None:
    point = np.ones((4, 2))
    assert np.array_equal(unclip(point, 0.3), point)


@pytest.mark.parametrize("first_corner", range(4))
@pytest.mark.parametrize(
    ("sides", "moved"),
    [
        ((3, 40, 80, 60), (-0.5, 40, 80, 60)),
        ((40, 3, 120, 23), (40, -0.5, 120, 23)),
        ((120, 40, 196, 60), (120, 40, 199.5, 60)),
        ((40, 76, 120, 96), (40, 76, 120, 99.5)),
        ((3, 3, 80, 23), (-0.5, -0.5, 80, 23)),
    ],
    ids=["left", "top", "right", "bottom", "corner"],
)
def test_a_side_near_the_border_is_moved_to_it(
    sides: tuple[float, ...], moved: tuple[float, ...], first_corner: int
) -> None:
    box, expected = (
        np.roll(upright_box(*each).corners, first_corner, axis=0) for each in (sides, moved)
    )
    assert extend_to_border(Box(box, 1.0), 200, 100).corners == pytest.approx(expected)


def test_a_slightly_tilted_box_is_extended_and_stays_a_rectangle() -> None:
    box = Box(rectangle(10, centre=(52, 50)), 1.0)
    extended = extend_to_border(box, 200, 100)
    assert extended.corners[[0, 3]].mean(axis=0)[0] == pytest.approx(-0.5)
    assert np.array_equal(extended.corners[1:3], box.corners[1:3])
    assert (extended.height, extended.direction) == pytest.approx((box.height, box.direction))


@pytest.mark.parametrize(
    "box",
    [
        upright_box(5, 40, 80, 60),
        upright_box(-3, 40, 80, 60),
        Box(rectangle(30, centre=(44, 50)), 1.0),
    ],
    ids=["farther than a fifth of its height", "beyond the border", "tilted"],
)
def test_other_boxes_are_not_extended(box: Box) -> None:
    assert np.array_equal(extend_to_border(box, 200, 100).corners, box.corners)
