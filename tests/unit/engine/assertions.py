"""Check what holds for every page."""

from __future__ import annotations

from itertools import pairwise

from web_image_ocr import Page
from web_image_ocr.engine.page import Quad


def assert_valid_lines(page: Page) -> None:
    """Check that quads are in the image and clockwise, and lines have a text and a confidence."""
    for line in page.lines:
        assert all(0 <= x <= page.width - 1 and 0 <= y <= page.height - 1 for x, y in line.quad)
        assert signed_area(line.quad) > 0, "clockwise as seen, y downwards"
        assert 0 < line.confidence <= 1
        assert line.text


def signed_area(quad: Quad) -> float:
    """Return twice the area of a quad, positive if it is clockwise as seen."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*quad, quad[0]]))
