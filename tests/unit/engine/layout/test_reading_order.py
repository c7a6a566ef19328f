from __future__ import annotations

import numpy as np

from web_image_ocr.engine.layout.reading_order import reading_order
from web_image_ocr.engine.page import Quad


def box(x: float, y: float, width: float, height: float) -> Quad:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def rotated(quad: Quad, angle: float) -> Quad:
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    a, b, c, d = ((x * cos - y * sin, x * sin + y * cos) for x, y in quad)
    return a, b, c, d


def downwards(quad: Quad) -> Quad:
    """Return the box as a column: its first edge is its right side."""
    a, b, c, d = quad
    return b, c, d, a


def test_rows_from_top_to_bottom_then_left_to_right() -> None:
    quads = [box(300, 12, 80, 20), box(10, 50, 80, 20), box(10, 10, 80, 20), box(150, 46, 80, 24)]
    assert reading_order(quads) == [2, 0, 1, 3]


def test_rows_follow_the_direction_of_the_text() -> None:
    quads = [box(300, 12, 80, 20), box(10, 50, 80, 20), box(10, 10, 80, 20), box(150, 46, 80, 24)]
    for angle in (40, 90, 180, 300):
        assert reading_order([rotated(quad, angle) for quad in quads]) == [2, 0, 1, 3]


def test_a_column_belongs_to_the_row_of_its_first_glyph() -> None:
    column, first, second = box(300, 10, 24, 300), box(10, 10, 200, 24), box(10, 60, 200, 24)
    assert reading_order([second, column, first]) == [2, 1, 0]


def test_a_staircase_of_lines_is_not_one_row() -> None:
    stairs = [box(100 * i, 12 * i, 90, 20) for i in range(6)]
    assert reading_order(stairs) == list(range(6))
    falling = [box(500 - 100 * i, 12 * i, 90, 20) for i in range(6)]
    assert reading_order(falling)[0] in (0, 1)
    assert reading_order(falling)[-1] in (4, 5)


def test_a_row_may_rise_and_fall() -> None:
    arcs = [
        rotated(box(-45, -5730 + 26 * row, 90, 20), degrees)
        for row in range(3)
        for degrees in range(-15, 16)
    ]
    assert reading_order(arcs) == list(range(len(arcs)))


def test_lines_beside_a_heading_stay_together() -> None:
    heading = box(0, 0, 300, 100)
    lines = [box(320, 2 + 34 * i, 200 - 30 * i, 28) for i in range(3)]
    assert reading_order([box(0, 110, 500, 28), *lines[::-1], heading]) == [4, 3, 2, 1, 0]
    mirrored = [box(-210, 2 + 34 * i, 190, 28) for i in range(3)]
    assert reading_order([heading, *mirrored]) == [1, 2, 3, 0]
    assert reading_order([*lines, heading, *mirrored]) == [4, 5, 6, 3, 0, 1, 2]


def test_a_table_beside_a_heading_reads_row_by_row() -> None:
    cells = [box(320 + 100 * x, 2 + 34 * y, 90, 28) for y in range(3) for x in range(2)]
    assert reading_order([box(0, 0, 300, 100), *cells]) == list(range(7))


def test_a_note_in_a_table_does_not_split_its_rows() -> None:
    cells = [box(800 * x, 30 * y, 100, 22) for y in range(4) for x in range(2)]
    order = reading_order([*cells, box(350, 20, 150, 60)])
    assert [i for i in order if i < 8] == list(range(8))


def test_two_columns_of_text_read_row_by_row() -> None:
    left = [box(0, 28 * y, 400 - 7 * y, 24) for y in range(8)]
    right = [box(430, 28 * y + 9, 300 + 5 * y, 24) for y in range(8)]
    assert reading_order([*left, *right]) == [i for y in range(8) for i in (y, y + 8)]


def test_columns_side_by_side_are_read_as_a_block() -> None:
    rows = [box(0, 30 * i, 200, 24) for i in range(6)]
    columns = [downwards(box(220 + 30 * i, 15 * i, 24, 100)) for i in range(3)]
    assert reading_order([*rows, *columns]) == [0, 6, 7, 8, 1, 2, 3, 4, 5]


def test_a_column_detected_in_pieces_is_one_column() -> None:
    rows = [box(0, 40 * i, 200, 24) for i in range(5)]
    upper, lower = downwards(box(220, 0, 24, 80)), downwards(box(222, 90, 24, 90))
    beside = downwards(box(260, 0, 24, 180))
    assert reading_order([*rows, beside, lower, upper]) == [0, 7, 6, 5, 1, 2, 3, 4]


def test_columns_do_not_rotate_a_page_with_rows() -> None:
    columns = [downwards(box(30 * i, 60, 24, 300)) for i in range(10)]
    title, footer = box(0, 0, 300, 40), box(0, 400, 300, 40)
    assert reading_order([footer, *columns, title]) == [11, *range(1, 11), 0]


def test_a_slanted_watermark_does_not_rotate_the_page() -> None:
    rows = [box(400 * x, 60 * y, 90, 20) for y in range(8) for x in range(2)]
    marks = [rotated(box(60 * i, 100 * i, 400, 20), -30) for i in range(8)]
    order = reading_order([*rows, *marks])
    assert [i for i in order if i < 16] == list(range(16))


def test_columns_alone_are_a_rotated_page() -> None:
    assert reading_order([downwards(box(30 * i, 0, 24, 300)) for i in range(4)]) == [3, 2, 1, 0]


def test_a_narrow_glyph_stays_in_its_row() -> None:
    row = [box(0, 0, 200, 40), box(210, 0, 20, 40), box(240, 0, 100, 40)]
    assert reading_order([*row, box(0, 42, 340, 40)]) == [0, 1, 2, 3]


def test_words_on_a_strip_stay_one_row() -> None:
    tops = (1, 2, 0, 1, 2)
    words = [box(1900 * i, top, 60, 12) for i, top in enumerate(tops)]
    slanted = [(a, (b[0], b[1] + 1), (c[0], c[1] + 1), d) for a, b, c, d in words]
    assert reading_order(slanted) == list(range(5))


def test_a_few_tilted_words_far_apart_stay_in_their_rows() -> None:
    words = [rotated(box(900 * x, 40 * y, 200, 20), 3) for y in range(3) for x in range(4)]
    assert reading_order(words) == list(range(12))


def test_a_rotated_stamp_follows_the_lines_above_it() -> None:
    rows = [box(200 * x, 30 * y, 180, 24) for y in range(4) for x in range(3)]
    stamp = rotated(box(250, -150, 200, 60), 40)
    order = reading_order([*rows, stamp])
    assert [i for i in order if i != 12] == list(range(12))
    assert reading_order([rows[0], rotated(box(250, 200, 200, 60), 40)]) == [0, 1]


def test_lines_of_a_rotated_label_keep_their_order() -> None:
    page = [box(0, 0, 900, 40)]
    label = [
        rotated(box(300 + 60 * x, -200 + 30 * y, 50, 20), 60) for y in range(2) for x in (0, 1)
    ]
    assert reading_order([*label[::-1], *page]) == [4, 3, 2, 1, 0]


def test_boxes_without_area() -> None:
    point: Quad = ((3.0, 4.0),) * 4
    needle: Quad = ((0.0, 0.0), (1e-9, 1e-9), (-10.0, 10.0), (-10.0, 10.0))
    assert sorted(reading_order([point, needle, point, box(0, 0, 0, 20)])) == [0, 1, 2, 3]


def test_no_lines() -> None:
    assert reading_order([]) == []
