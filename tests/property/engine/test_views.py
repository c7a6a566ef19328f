from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.property.engine.strategies import angles, rectangles, sizes
from web_image_ocr.engine.detection.views import ViewTransform, max_view_scale
from web_image_ocr.engine.geometry import Points, image_corners, rotated_size


@given(sizes, sizes, st.floats(0.05, 3.0), angles, rectangles)
def test_to_image_inverts_to_view(
    width: int, height: int, scale: float, angle: float, points: Points
) -> None:
    view = ViewTransform.enclosing(image_corners(width, height), scale=scale, angle=angle)
    assert np.allclose(view.to_image(view.to_view(points)), points, atol=1e-6)


@given(sizes, sizes, st.floats(0.05, 3.0), angles)
def test_a_view_contains_the_whole_image(
    width: int, height: int, scale: float, angle: float
) -> None:
    view = ViewTransform.enclosing(image_corners(width, height), scale=scale, angle=angle)
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    projected = view.to_view(corners.astype(np.float64))
    assert view.width % 32 == view.height % 32 == 0
    assert (projected >= -1).all()
    assert (projected <= np.array([view.width, view.height])).all()


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(65_536, 4_000_000))
def test_the_view_scale_keeps_the_pixel_limit(width: int, height: int, bound: int) -> None:
    scale = max_view_scale(width, height, bound)
    assert scale > 0
    assert scale * scale * width * height <= bound * (1 + 1e-9)
    assert scale * max(width, height) <= 20_000


@given(st.lists(rectangles, min_size=1, max_size=5), angles, st.floats(0.1, 2.0))
def test_a_view_encloses_its_points_tightly(
    corners: list[Points], angle: float, scale: float
) -> None:
    points = np.concatenate(corners)
    view = ViewTransform.enclosing(points, scale=scale, angle=angle)
    projected = view.to_view(points)
    assert projected.min() >= -0.5 - 1e-6
    assert (projected <= [view.width - 0.5 + 1e-6, view.height - 0.5 + 1e-6]).all()
    width, height = rotated_size(points, angle)
    assert view.width <= max(32, scale * width + 33)
    assert view.height <= max(32, scale * height + 33)
