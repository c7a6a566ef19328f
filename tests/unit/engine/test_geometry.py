from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.shapes import rectangle
from web_image_ocr.engine.geometry import Box, intersection_area


@pytest.mark.parametrize("direction", [0.0, 30.0, 90.0, 200.0, 359.0])
def test_direction_of_a_box(direction: float) -> None:
    assert Box(rectangle(direction), 1.0).direction == pytest.approx(direction, abs=1e-6)


@pytest.mark.parametrize(("width", "first"), [(100.0, 0), (20.0, 0), (8.0, 1)])
def test_along_long_side_keeps_the_rectangle(width: float, first: int) -> None:
    corners = rectangle(30, width=width, height=20)
    along = Box(corners, 0.7).along_long_side()
    assert np.array_equal(along.corners, corners[[first, first + 1, first + 2, first - 1]])
    assert along.score == 0.7


def test_shared_area_of_two_quads() -> None:
    quad = rectangle(30, width=40, height=20)
    shifted = rectangle(30, width=40, height=20, centre=(125 + 10 * np.sqrt(3), 125 + 10))
    assert intersection_area(quad, shifted) == pytest.approx(20 * 20, rel=1e-3)
    assert intersection_area(quad, rectangle(70, width=6, height=6)) == pytest.approx(36, rel=1e-3)
    assert intersection_area(quad, quad + 100) == 0
