from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.engine.strategies import rectangles, sizes
from tests.unit.engine.shapes import rectangle
from web_image_ocr.engine.geometry import BoundsIndex, Points, clip_quad, intersection_area

LENGTHS = st.floats(1, 60)
PLACES = st.floats(0, 100)
QUADS = st.builds(
    rectangle,
    st.floats(0, 360),
    width=LENGTHS,
    height=LENGTHS,
    centre=st.tuples(PLACES, PLACES),
)
ROUNDING = 0.01  # square pixels; OpenCV computes in float32


@pytest.mark.slow
@given(st.lists(QUADS, max_size=8), QUADS)
def test_the_index_finds_all_quads_that_share_area(quads: list[Points], quad: Points) -> None:
    overlapping = BoundsIndex(quads).overlapping(quad)
    sharing = [i for i, other in enumerate(quads) if intersection_area(quad, other) > ROUNDING]
    assert set(sharing) <= set(overlapping)


@given(sizes, sizes, rectangles)
def test_clipped_quads_are_inside_the_image(width: int, height: int, corners: Points) -> None:
    quad = clip_quad(corners, width, height)
    assert all(0 <= x <= width - 1 and 0 <= y <= height - 1 for x, y in quad)
