"""Split a view that is too large for one detector run into overlapping tiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from web_image_ocr.engine.detection.views import MAX_SIDE_PX, STRIDE

# Detections this near to a tile's edge are unreliable; a multiple of 16. The neighbouring tile
# covers them. Measurements: docs/engine-notes/detection-and-layout.md
TILE_MARGIN_PX = 96
MIN_TILE_SIDE_PX = 512  # in a narrower tile, most pixels would be overlap


@dataclass(frozen=True, slots=True)
class Tile:
    """Represent a window of a view; all values are in view pixels.

    Attributes:
        columns: first and end of the detector's input, multiples of 32.
        rows: the same, downwards.
        core_columns: first and end of the part whose detections are used. The cores of all tiles
            cover the view exactly once.
        core_rows: the same, downwards.
    """

    columns: tuple[int, int]
    rows: tuple[int, int]
    core_columns: tuple[int, int]
    core_rows: tuple[int, int]

    @property
    def pixels(self) -> int:
        """Return the number of pixels of the detector's input."""
        return (self.columns[1] - self.columns[0]) * (self.rows[1] - self.rows[0])


def split_into_tiles(width: int, height: int, max_pixels: int) -> list[Tile]:
    """Return the tiles of a view, row by row, with the fewest pixels in total.

    Args:
        width: of the view, a multiple of 32.
        height: of the view, a multiple of 32.
        max_pixels: of a tile, at least 512 x 512, without padding to multiples of 32.
    """
    unpadded_pixels = (width - STRIDE + 1) * (height - STRIDE + 1)
    if unpadded_pixels <= max_pixels and max(width, height) <= MAX_SIDE_PX:
        return [Tile((0, width), (0, height), (0, width), (0, height))]
    across, down = min(
        (
            (across, _min_count(height, min(MAX_SIDE_PX, max_pixels // _side(width, across))))
            for across in range(
                _min_count(width, MAX_SIDE_PX), _min_count(width, MIN_TILE_SIDE_PX) + 1
            )
            if _side(width, across) * MIN_TILE_SIDE_PX <= max_pixels
        ),
        key=lambda grid: _side(width, grid[0]) * grid[0] * _side(height, grid[1]) * grid[1],
    )
    return [
        Tile(columns, rows, core_columns, core_rows)
        for rows, core_rows in _split_side(height, down)
        for columns, core_columns in _split_side(width, across)
    ]


def _min_count(length: int, max_side: int) -> int:
    """Return the fewest overlapping tiles of at most ``max_side`` that cover a length."""
    max_side = max_side // STRIDE * STRIDE
    if length <= max_side:
        return 1
    return _ceil_div(length - 2 * TILE_MARGIN_PX, max_side - 2 * TILE_MARGIN_PX)


def _side(length: int, count: int) -> int:
    """Return the side of each of ``count`` overlapping tiles."""
    return _ceil_div(_ceil_div(length + 2 * TILE_MARGIN_PX * (count - 1), count), STRIDE) * STRIDE


def _split_side(length: int, count: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return first and end of each tile along one side, and of its core."""
    side = _side(length, count)
    step = _ceil_div(_ceil_div(length - side, max(1, count - 1)), STRIDE) * STRIDE
    firsts = [min(index * step, length - side) for index in range(count)]
    seams = [0, *((one + side + other) // 2 for one, other in pairwise(firsts)), length]
    return [
        ((first, first + side), core) for first, core in zip(firsts, pairwise(seams), strict=True)
    ]


def _ceil_div(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
