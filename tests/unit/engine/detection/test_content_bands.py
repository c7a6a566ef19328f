from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.detection.content_bands import (
    BAND_MARGIN_PX,
    MIN_BAND_HEIGHT_PX,
    SAMPLED_COLUMN_STEP,
    content_bands,
)


def test_a_view_without_contrast_has_no_band() -> None:
    assert content_bands(np.full((96, 64, 3), 200, np.uint8)) == []


def test_distant_bands_are_separate() -> None:
    view = np.full((1280, 64, 3), 255, np.uint8)
    view[300:320, 10:50] = 0
    view[1000:1010, 10:50] = 0
    (first, above), (below, last) = content_bands(view)
    assert 0 < first <= 300 - BAND_MARGIN_PX
    assert 320 + BAND_MARGIN_PX <= above < below <= 1000 - BAND_MARGIN_PX
    assert last >= 1010 + BAND_MARGIN_PX
    assert min(above - first, last - below) >= MIN_BAND_HEIGHT_PX


def test_a_side_bar_and_a_gradient_are_not_content() -> None:
    view = np.repeat(np.linspace(0, 255, 640).astype(np.uint8), 64 * 3).reshape(640, 64, 3)
    assert content_bands(view) == []
    view[:] = 255
    view[:, :8] = 0
    assert content_bands(view) == []


def test_a_lone_stroke_stays_in_one_band() -> None:
    view = np.full((1280, 64, 3), 255, np.uint8)
    view[400 : 400 + MIN_BAND_HEIGHT_PX, 20:30] = 0
    ((top, end),) = content_bands(view)
    assert top <= 400 - BAND_MARGIN_PX
    assert end >= 400 + MIN_BAND_HEIGHT_PX + BAND_MARGIN_PX


MARK = st.tuples(st.integers(0, 1279), st.integers(1, 40), st.integers(0, 22), st.integers(1, 16))


@given(st.lists(MARK, max_size=6))
def test_bands_contain_all_rows_with_contrast(marks: list[tuple[int, int, int, int]]) -> None:
    view = np.full((1280, 24, 3), 255, np.uint8)
    for top, height, left, width in marks:
        # Stripes: each row differs from the one above.
        view[top : top + height : 2, left : min(left + width, 23)] = 0
    inked = np.flatnonzero((view < 255).any(axis=(1, 2)))
    bands = content_bands(view)
    covered = {row for top, end in bands for row in range(top, end)}
    assert covered.issuperset(inked.tolist())
    assert all((end - top) % 32 == 0 and 0 <= top < end <= 1280 for top, end in bands)
    everywhere = np.repeat(
        view, SAMPLED_COLUMN_STEP, axis=1
    )  # so that the columns looked at first are all
    assert bands == content_bands(everywhere)
