from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web_image_ocr.engine.detection.detector import find_boxes
from web_image_ocr.engine.detection.multiscale import MultiScaleDetector
from web_image_ocr.engine.detection.tiles import TILE_MARGIN_PX, split_into_tiles
from web_image_ocr.engine.detection.views import MAX_SIDE_PX, ViewTransform
from web_image_ocr.engine.geometry import image_corners
from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

sides = st.integers(1, 1200).map(lambda strides: 32 * strides)
bounds = st.integers(262_144, 4_000_000)


@given(sides, sides, bounds)
def test_tile_cores_cover_the_view_exactly_once(width: int, height: int, bound: int) -> None:
    tiles = split_into_tiles(width, height, bound)
    columns = sorted({tile.core_columns for tile in tiles})
    rows = sorted({tile.core_rows for tile in tiles})
    assert len(tiles) == len(columns) * len(rows)
    for length, cores in ((width, columns), (height, rows)):
        assert cores[0][0] == 0
        assert cores[-1][1] == length
        assert all(one[1] == other[0] for one, other in pairwise(cores))
        assert all(first < end for first, end in cores)


@given(sides, sides, bounds)
def test_tiles_are_limited_and_overlap(width: int, height: int, bound: int) -> None:
    tiles = split_into_tiles(width, height, bound)
    for tile in tiles:
        assert tile.pixels <= bound or len(tiles) == 1
        for (first, end), core, length in (
            (tile.columns, tile.core_columns, width),
            (tile.rows, tile.core_rows, height),
        ):
            assert first % 32 == end % 32 == 0
            assert 0 <= first < end <= length
            assert end - first <= MAX_SIDE_PX
            assert core[0] == 0 or core[0] - first >= TILE_MARGIN_PX
            assert core[1] == length or end - core[1] >= TILE_MARGIN_PX


class BlurDetector:
    """Detect darkness, averaged over a neighbourhood of 2 x ``reach`` + 1 pixels."""

    reach = 9

    def run(self, batch: Tensor) -> Tensor:
        dark = (1 - batch.mean(axis=1)[0]) / 2
        padded = np.pad(dark, self.reach, mode="edge")
        sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        side = 2 * self.reach + 1
        mean = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
        return np.asarray(np.clip(3 * mean / side**2, 0, 1), dtype=np.float32)[None, None]


bars = st.lists(
    st.tuples(st.integers(0, 690), st.integers(0, 690), st.integers(4, 600), st.integers(4, 40)),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=15)
@given(bars, st.sampled_from([0.8, 1.0, 1.25]), st.booleans())
def test_tiles_give_the_map_of_the_whole_view(
    bars: list[tuple[int, int, int, int]], scale: float, rotated: bool
) -> None:
    image: Pixels = np.full((700, 700, 3), 255, np.uint8)
    rows, columns = np.indices((700, 700)) // 8 % 2
    squares = np.asarray(40 * (rows ^ columns), np.uint8)[..., None]  # no row is of one colour
    for x, y, width, height in bars:
        image[y : y + height, x : x + width] = squares[y : y + height, x : x + width]
    view = ViewTransform.enclosing(
        image_corners(700, 700), scale=scale, angle=90.0 if rotated else 0.0
    )
    whole, tiled = (
        MultiScaleDetector(
            session=BlurDetector(), pixels=image, max_pixels=bound, deadline=Deadline.never()
        ).probability_map(view)
        for bound in (4_000_000, 262_144)
    )
    # When downscaling, tiles and the whole view average slightly different groups of pixels.
    assert np.abs(whole.astype(int) - tiled).max() <= (3 if scale < 1 else 1)
    if scale >= 1:
        assert len(find_boxes(whole)) == len(find_boxes(tiled))
