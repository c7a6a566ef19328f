from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.shapes import rectangle
from web_image_ocr.engine.geometry import BoundsIndex, Points, shared_area

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
    sharing = [i for i, other in enumerate(quads) if shared_area(quad, other) > ROUNDING]
    assert set(sharing) <= set(overlapping)
