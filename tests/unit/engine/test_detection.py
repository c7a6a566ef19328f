from __future__ import annotations

import cv2
import numpy as np
import pytest

from web_image_ocr.engine.detection import boxes_of_map, unclip


def test_core_of_a_line_gives_its_rectangle() -> None:
    core = np.zeros((128, 256), np.uint8)
    core[40:60, 30:200] = 230
    ((corners, score),) = boxes_of_map(core)
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
    assert len(boxes_of_map(cores)) == 2


def test_faint_and_tiny_regions_are_no_text() -> None:
    faint = np.zeros((64, 64), np.uint8)
    faint[20:40, 10:50] = 90
    assert boxes_of_map(faint) == []
    tiny = np.zeros((64, 64), np.uint8)
    tiny[30, 30] = 255
    assert boxes_of_map(tiny) == []


def test_unclip_leaves_a_point_alone() -> None:
    point = np.ones((4, 2))
    assert np.array_equal(unclip(point, 0.3), point)
