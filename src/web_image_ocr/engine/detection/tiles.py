"""How a view too large for the detector is cut into overlapped tiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from web_image_ocr.engine.detection.views import MAX_SIDE_PX, STRIDE

# Pixels of the view, a multiple of 16: what the detector says this near to a tile's edge is not
# used where another tile sees the place from further inside. Boxes of two receipts and two stacks
# of street scenes that differ between 0.5 Mpx tiles and the whole, of 260, at a margin of
# 16 / 32 / 64 / 96 / 128: 66 / 62 / 58 / 32 / 31. At 2 Mpx a tile, 96 costs an eighth more pixels.
MARGIN = 96
_SHORTEST = 512  # tiles are not cut narrower: the overlap would cost more than the tile


@dataclass(frozen=True, slots=True)
class Tile:
    """A window of a view and the part of it that counts; all in pixels of the view.

    Attributes:
        columns: what the detector sees, first and end; multiples of 32.
        rows: the same, downwards.
        core_columns: what counts, first and end; the cores of all tiles are the view, once.
        core_rows: the same, downwards.
    """

    columns: tuple[int, int]
    rows: tuple[int, int]
    core_columns: tuple[int, int]
    core_rows: tuple[int, int]

    @property
    def pixels(self) -> int:
        """How many the detector sees."""
        return (self.columns[1] - self.columns[0]) * (self.rows[1] - self.rows[0])


def cut(width: int, height: int, max_pixels: int) -> list[Tile]:
    """The tiles of a view, row by row; as few pixels in all as can be.

    Args:
        width: of the view, a multiple of 32.
        height: of the view, a multiple of 32.
        max_pixels: of a tile, at least 512 x 512; what fills a view up to multiples of 32
            does not count.
    """
    if (width - STRIDE + 1) * (height - STRIDE + 1) <= max_pixels and max(
        width, height
    ) <= MAX_SIDE_PX:
        return [Tile((0, width), (0, height), (0, width), (0, height))]
    across, down = min(
        (
            (across, _fewest(height, min(MAX_SIDE_PX, max_pixels // _side(width, across))))
            for across in range(_fewest(width, MAX_SIDE_PX), _fewest(width, _SHORTEST) + 1)
            if _side(width, across) * _SHORTEST <= max_pixels
        ),
        key=lambda grid: _side(width, grid[0]) * grid[0] * _side(height, grid[1]) * grid[1],
    )
    return [
        Tile(columns, rows, core_columns, core_rows)
        for rows, core_rows in _pieces(height, down)
        for columns, core_columns in _pieces(width, across)
    ]


def _fewest(length: int, longest: int) -> int:
    """How many overlapped pieces of at most ``longest`` it takes."""
    longest = longest // STRIDE * STRIDE
    return 1 if length <= longest else _up(length - 2 * MARGIN, longest - 2 * MARGIN)


def _side(length: int, count: int) -> int:
    """The length of each of ``count`` overlapped pieces."""
    return _up(_up(length + 2 * MARGIN * (count - 1), count), STRIDE) * STRIDE


def _pieces(length: int, count: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """First and end of each piece, and of its core."""
    side = _side(length, count)
    step = _up(_up(length - side, max(1, count - 1)), STRIDE) * STRIDE
    firsts = [min(index * step, length - side) for index in range(count)]
    seams = [0, *((one + side + other) // 2 for one, other in pairwise(firsts)), length]
    return [
        ((first, first + side), core) for first, core in zip(firsts, pairwise(seams), strict=True)
    ]


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
