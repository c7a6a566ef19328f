from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.engine.images import draw_lines
from web_image_ocr.engine.detection.views import ViewTransform
from web_image_ocr.engine.geometry import image_corners
from web_image_ocr.primitives.pixels import Pixels

TEXT = draw_lines([(7 * k, 30 * k, f"row {k} " * 9) for k in range(20)], width=900, height=600)
RED = (255, 0, 0)


def render_whole(view: ViewTransform, pixels: Pixels) -> Pixels:
    """Render the view by definition: downscale the whole image, then warp it."""
    matrix, size = view.matrix.copy(), (view.width, view.height)
    if view.scale < 1:
        height, width = pixels.shape[:2]
        small = round(width * view.scale), round(height * view.scale)
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
        factor = np.array([width / small[0], height / small[1]])
        matrix[:, 2] += matrix[:, :2] @ (0.5 * factor - 0.5)
        matrix[:, :2] *= factor
    return np.asarray(cv2.warpAffine(pixels, matrix, size, borderValue=(255, 255, 255)), np.uint8)


def difference(one: Pixels, other: Pixels) -> tuple[float, int]:
    """Return the mean and the largest difference in grey levels."""
    apart = np.abs(one.astype(int) - other.astype(int))
    return float(apart.mean()), int(apart.max())


@pytest.mark.parametrize("scale", [0.3, 0.77, 1.0, 1.25])
@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 211.0])
def test_rendering_equals_warping_the_downscaled_image(scale: float, angle: float) -> None:
    view = ViewTransform.enclosing(image_corners(900, 600), scale=scale, angle=angle)
    assert difference(view.render(TEXT), render_whole(view, TEXT)) <= (0.0, 0)


@pytest.mark.parametrize("scale", [0.3, 0.77, 1.0, 1.25])
@pytest.mark.parametrize("angle", [0.0, 90.0, 211.0])
def test_a_window_equals_its_part_of_the_view(scale: float, angle: float) -> None:
    view = ViewTransform.enclosing(image_corners(900, 600), scale=scale, angle=angle)
    left, top = view.width // 2 - 47, view.height // 2 - 31
    window = view.crop((left, left + 96), (top, top + 64)).render(TEXT)
    apart, _ = difference(window, view.render(TEXT)[top : top + 64, left : left + 96])
    assert apart <= 1.0, "grey levels; 3 to 9 where pixels are averaged in other groups"
    assert window.std() > 5, "there is text in the window"


def test_a_view_outside_the_image_has_its_border_colour() -> None:
    pixels = np.full((40, 60, 3), RED, np.uint8)
    rendered = ViewTransform.enclosing(image_corners(60, 40) + 500, scale=0.5).render(pixels)
    assert (rendered == RED).all()


def test_a_window_of_a_long_image_is_rendered() -> None:
    pixels = np.zeros((40_000, 4, 3), np.uint8)
    pixels[39_900:] = RED
    window = (
        ViewTransform.enclosing(image_corners(4, 40_000), scale=1.0)
        .crop((0, 32), (39_872, 40_000))
        .render(pixels)
    )
    assert (window[28:, :4] == RED).all()
    assert (window[:28, :4] == 0).all()
