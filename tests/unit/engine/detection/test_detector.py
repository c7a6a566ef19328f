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
from web_image_ocr.engine.geometry import Box, shared_area


def test_core_of_a_line_gives_its_rectangle() -> None:
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


def test_two_lines_joined_by_a_faint_bridge_are_two() -> None:
    cores = np.zeros((256, 256), np.uint8)
    cv2.line(cores, (20, 60), (230, 60), (242,), 14)
    cv2.line(cores, (120, 220), (220, 90), (242,), 14)
    cv2.line(cores, (215, 95), (220, 62), (102,), 6)
    assert len(find_boxes(cores)) == 2


def test_faint_and_tiny_regions_are_no_text() -> None:
    faint = np.zeros((64, 64), np.uint8)
    faint[20:40, 10:50] = 90
    assert find_boxes(faint) == []
    tiny = np.zeros((64, 64), np.uint8)
    tiny[30, 30] = 255
    assert find_boxes(tiny) == []


def test_of_too_many_regions_the_largest_are_kept() -> None:
    """2,500 faint blocks, each of which falls apart into 36 marks, and one line above them."""
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
def test_a_long_line_above_many_specks_is_found() -> None:
    cores = np.zeros((1000, 1000), np.uint8)
    rows, columns = np.indices(cores.shape)
    cores[(rows % 12 < 4) & (columns % 12 < 4)] = 230
    cores[:30] = 0
    cores[10:18, 50:950] = 230
    boxes = find_boxes(cores)
    assert len(boxes) <= MAX_REGIONS
    assert max(np.ptp(corners[:, 0]) for corners, _ in boxes) > 900


def test_unclip_leaves_a_point_alone() -> None:
    point = np.ones((4, 2))
    assert np.array_equal(unclip(point, 0.3), point)


@pytest.mark.parametrize("direction", [0.0, 30.0, 90.0, 200.0, 359.0])
def test_a_box_tells_its_direction(direction: float) -> None:
    assert Box(rectangle(direction), 1.0).direction == pytest.approx(direction, abs=1e-6)


@pytest.mark.parametrize(("width", "first"), [(100.0, 0), (20.0, 0), (8.0, 1)])
def test_a_box_along_its_long_side_is_the_same_box(width: float, first: int) -> None:
    corners = rectangle(30, width=width, height=20)
    along = Box(corners, 0.7).along_long_side()
    assert np.array_equal(along.corners, corners[[first, first + 1, first + 2, first - 1]])
    assert along.score == 0.7


def test_what_two_quads_share() -> None:
    quad = rectangle(30, width=40, height=20)
    shifted = rectangle(30, width=40, height=20, centre=(125 + 10 * np.sqrt(3), 125 + 10))
    assert shared_area(quad, shifted) == pytest.approx(20 * 20, rel=1e-3)
    assert shared_area(quad, rectangle(70, width=6, height=6)) == pytest.approx(36, rel=1e-3)
    assert shared_area(quad, quad + 100) == 0


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
def test_a_side_that_almost_reaches_the_rim_is_moved_to_it(
    sides: tuple[float, ...], moved: tuple[float, ...], first_corner: int
) -> None:
    box, expected = (
        np.roll(upright_box(*each).corners, first_corner, axis=0) for each in (sides, moved)
    )
    assert extend_to_border(Box(box, 1.0), 200, 100).corners == pytest.approx(expected)


def test_a_box_almost_straight_is_longer_at_the_rim_and_still_a_rectangle() -> None:
    box = Box(rectangle(10, centre=(52, 50)), 1.0)
    reaching = extend_to_border(box, 200, 100)
    assert reaching.corners[[0, 3]].mean(axis=0)[0] == pytest.approx(-0.5)
    assert np.array_equal(reaching.corners[1:3], box.corners[1:3])
    assert (reaching.height, reaching.direction) == pytest.approx((box.height, box.direction))


@pytest.mark.parametrize(
    "box",
    [
        upright_box(5, 40, 80, 60),
        upright_box(-3, 40, 80, 60),
        Box(rectangle(30, centre=(44, 50)), 1.0),
    ],
    ids=["farther than a fifth of its height", "already beyond", "slanting"],
)
def test_other_boxes_are_not_moved_to_the_rim(box: Box) -> None:
    assert np.array_equal(extend_to_border(box, 200, 100).corners, box.corners)
