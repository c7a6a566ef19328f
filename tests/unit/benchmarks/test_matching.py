from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.matching import has_box, iou, match_lines, outside_ignored
from benchmarks.dataset import Points
from tests.unit.benchmarks.samples import box, found, label


def test_overlap_is_intersection_over_union() -> None:
    one, other = (box(x, 0, 10, 10).astype(np.float32) for x in (0, 5))
    assert iou(one, one) == pytest.approx(1)
    assert iou(one, other) == pytest.approx(1 / 3)
    assert iou(one, box(20, 0, 5, 5).astype(np.float32)) == 0


def test_the_corners_of_a_label_may_come_in_any_order() -> None:
    quad = box(0, 0, 40, 10)
    for corners in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]):
        [pair] = match_lines([label("a", quad[corners])], [found("a", quad)])
        assert pair.labels == (0,)


def test_words_of_a_line_are_joined_along_it() -> None:
    labels = [label("World", box(60, 0, 40, 10)), label("Hello ", box(0, 0, 50, 10))]
    [pair] = match_lines(labels, [found("x", box(0, 0, 100, 10))])
    assert (pair.labels, pair.text) == ((1, 0), "helloworld")


def _rotated_180(quad: Points) -> Points:
    return np.asarray(100 - quad, dtype=np.float64)


def test_words_of_an_upside_down_line_are_joined_along_it() -> None:
    labels = [label("a", _rotated_180(box(0, 0, 40, 10))), label("b", box(0, 90, 50, 10))]
    [pair] = match_lines(labels, [found("x", _rotated_180(box(0, 0, 100, 10)))])
    assert pair.text == "ab"


def test_glyphs_of_a_column_are_joined_downwards() -> None:
    labels = [label("文", box(0, 20, 18, 18)), label("中", box(0, 0, 18, 18))]
    [pair] = match_lines(labels, [found("中文", box(0, 0, 18, 40))])
    assert pair.text == "中文"


def test_a_line_that_is_much_larger_than_its_labels_matches_none() -> None:
    assert match_lines([label("a", box(0, 0, 20, 10))], [found("a", box(0, 0, 100, 10))]) == []


def test_a_label_goes_to_the_line_that_fits_it_best() -> None:
    lines = [found("loose", box(0, 0, 40, 14)), found("tight", box(0, 0, 40, 10))]
    [pair] = match_lines([label("a", box(0, 0, 40, 10))], lines)
    assert pair.line == 1


def test_one_label_that_fits_is_kept_when_the_group_does_not() -> None:
    line = found("a", box(0, 0, 100, 10))
    strays = [label("up", box(50, -9.5, 4, 19.5)), label("down", box(50, 0, 4, 19.5))]
    labels = [*strays, label("a", box(0, -1, 100, 12))]
    [pair] = match_lines(labels, [line])
    assert pair.labels == (2,)
    assert match_lines(strays, [line]) == []


def test_a_dash_without_area_is_part_of_the_text_but_not_of_the_matching() -> None:
    labels = [
        label("A", box(0, 0, 20, 10)),
        label("-", box(25, 5, 6, 0)),
        label("B", box(35, 0, 20, 10)),
        label("-", box(200, 5, 6, 0)),
    ]
    [pair] = match_lines(labels, [found("A - B", box(0, 0, 55, 10))])
    assert (pair.labels, pair.text) == ((0, 2), "a-b")


def test_the_text_of_a_line_with_an_ignored_label_is_not_judged() -> None:
    labels = [label("A", box(0, 0, 40, 10)), label("###", box(40, 0, 10, 10), ignore=True)]
    [pair] = match_lines(labels, [found("A x", box(0, 0, 50, 10))])
    assert (pair.labels, pair.text) == ((0,), None)


def test_lines_centred_in_an_ignored_quad_are_left_out() -> None:
    labels = [label("###", box(0, 0, 40, 10), ignore=True), label("a", box(0, 20, 40, 10))]
    lines = [found("x", box(-10, 0, 60, 10)), found("a", box(0, 20, 40, 10))]
    assert [line.text for line in outside_ignored(lines, labels)] == ["a"]


def test_boxes_that_cannot_overlap_are_not_matched() -> None:
    flat, tight = box(0, 0, 10, 0), box(0, 0, 10, 10)
    assert has_box(label("-", tight))
    assert not has_box(label("-", flat))
    assert not has_box(label("-", None))
    assert not has_box(label("-", tight, ignore=True))
    assert not has_box(label("-", tight, loose=True))
