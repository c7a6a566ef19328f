from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from benchmarks.arcs import CurvedText, draw
from web_image_ocr.engine.geometry import Points
from web_image_ocr.engine.recognition.arcs import MAX_ARCS, fit_arc, fit_arcs


def contour_of(mask: np.ndarray) -> Points:
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(contour[:, 0], dtype=np.float64)


def ring(extent: int, *, radius: int = 100, thickness: int = 16, first: int = 200) -> Points:
    """Return the contour of part of a ring around (200, 200); degrees clockwise from the right."""
    mask = np.zeros((400, 400), np.uint8)
    cv2.ellipse(mask, (200, 200), (radius,) * 2, 0, first, first + extent, (1,), thickness)
    return contour_of(mask)


@pytest.mark.parametrize("extent", [70, 140, 200, 300])
@pytest.mark.parametrize("first", [0, 200])
def test_the_circle_of_a_curved_region_is_found(extent: int, first: int) -> None:
    arc = fit_arc(ring(extent, first=first))
    assert arc is not None
    assert arc.center == pytest.approx([200, 200], abs=10)
    assert arc.radius == pytest.approx(100, abs=10)
    assert math.degrees(arc.extent) >= min(extent, 355)
    middle = math.degrees(arc.start + arc.extent / 2) - 90  # from the right, as OpenCV counts
    gap = (middle - (first + extent / 2) + 180) % 360 - 180
    assert gap == pytest.approx(0, abs=4)


def test_a_circle_is_found_although_its_inside_is_partly_filled() -> None:
    mask = np.zeros((400, 400), np.uint8)
    cv2.ellipse(mask, (200, 200), (150, 150), 0, 200, 340, (1,), 14)
    mask[75:140, 130:270] = 1
    arc = fit_arc(contour_of(mask))
    assert arc is not None
    assert arc.center == pytest.approx([200, 200], abs=15)


def test_straight_regions_are_not_arcs() -> None:
    row, diagonal, corner, stack = (np.zeros((400, 400), np.uint8) for _ in range(4))
    row[180:200, 30:370] = 1
    cv2.line(diagonal, (40, 60), (350, 330), (1,), 18)
    corner[50:350, 50:70] = corner[330:350, 50:350] = 1
    stack[100:116, 50:350] = stack[140:156, 50:350] = stack[100:156, 190:210] = 1
    for mask in (row, diagonal, corner, stack):
        assert fit_arc(contour_of(mask)) is None


def test_a_thin_or_short_region_or_a_point_is_not_an_arc() -> None:
    assert fit_arc(ring(200, thickness=1)) is None
    assert fit_arc(ring(300, radius=14, thickness=12)) is None
    assert fit_arc(np.array([[3.0, 3.0]])) is None


def test_the_number_of_arcs_is_limited_and_the_longest_come_first() -> None:
    arcs = fit_arcs([ring(120), ring(250)] * MAX_ARCS)
    assert len(arcs) == MAX_ARCS
    assert all(arc.extent > math.radians(250) for arc in arcs)


def test_an_unrolled_circle_is_a_row() -> None:
    arc = fit_arc(ring(200))
    assert arc is not None
    pixels = np.full((400, 400, 3), 255, np.uint8)
    cv2.circle(pixels, (200, 200), 100, (0, 0, 0), 3)
    strip = arc.unroll(pixels)
    rows, columns = np.nonzero(strip[..., 0] < 128)
    assert np.ptp(rows) < 10
    assert len(np.unique(columns)) == strip.shape[1]
    points = arc.to_image(np.stack([columns, rows], axis=1).astype(np.float64))
    assert np.linalg.norm(points - 200, axis=1) == pytest.approx(100, abs=5)


def test_the_strip_runs_clockwise_and_inwards() -> None:
    arc = fit_arc(ring(140))
    assert arc is not None
    left, right = arc.to_image(np.array([[0.0, 0.0], [arc.unroll(_BLANK).shape[1] - 1, 0.0]]))
    assert left[0] < 200 < right[0]
    outer, inner = arc.to_image(np.array([[50.0, 0.0], [50.0, 20.0]]))
    assert np.linalg.norm(outer - 200) > np.linalg.norm(inner - 200)


def test_synthetic_letters_stand_around_their_circle() -> None:
    dark = np.argwhere(draw(CurvedText("MINERAL WATER", 5, lower=True))[..., 0] < 128)
    center = 5 * 32 + 64
    assert dark[:, 0].min() > center
    assert np.linalg.norm(dark - center, axis=1) == pytest.approx(160, abs=20)


_BLANK = np.zeros((400, 400, 3), np.uint8)
