from __future__ import annotations

import numpy as np

from web_image_ocr.engine.order import reading_order
from web_image_ocr.primitives.geometry import Quad


def box(x: float, y: float, width: float, height: float) -> Quad:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def turned(quad: Quad, angle: float) -> Quad:
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    a, b, c, d = ((x * cos - y * sin, x * sin + y * cos) for x, y in quad)
    return a, b, c, d


def test_rows_from_top_to_bottom_then_left_to_right() -> None:
    quads = [box(300, 12, 80, 20), box(10, 50, 80, 20), box(10, 10, 80, 20), box(150, 46, 80, 24)]
    assert reading_order(quads) == [2, 0, 1, 3]


def test_rows_follow_the_direction_of_the_text() -> None:
    quads = [box(300, 12, 80, 20), box(10, 50, 80, 20), box(10, 10, 80, 20), box(150, 46, 80, 24)]
    for angle in (40, 90, 180, 300):
        assert reading_order([turned(quad, angle) for quad in quads]) == [2, 0, 1, 3]


def test_a_column_stands_in_the_row_of_its_first_glyph() -> None:
    column, first, second = box(300, 10, 24, 300), box(10, 10, 200, 24), box(10, 60, 200, 24)
    assert reading_order([second, column, first]) == [2, 1, 0]


def test_a_staircase_of_lines_is_not_one_row() -> None:
    stairs = [box(100 * i, 12 * i, 90, 20) for i in range(6)]
    assert reading_order(stairs) == list(range(6))
    falling = [box(500 - 100 * i, 12 * i, 90, 20) for i in range(6)]
    assert reading_order(falling)[0] in (0, 1)
    assert reading_order(falling)[-1] in (4, 5)


def test_nothing_to_order() -> None:
    assert reading_order([]) == []
