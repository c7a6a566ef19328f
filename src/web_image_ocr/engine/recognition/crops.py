"""Crop lines from the full-resolution image and split those that are too long for one run."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from web_image_ocr.engine.geometry import Points
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX
from web_image_ocr.primitives.pixels import Pixels

MARGIN_RATIO = 0.05  # of the line's height, added on each side; see the engine notes
# Of one run: bounds the memory for (width / 8) x 18,710 probabilities.
MAX_WIDTH_PX = 4096
MAX_LINE_WIDTH_PX = 32 * MAX_WIDTH_PX  # 2,730 line heights; longer lines are squeezed
_MIN_LINE_WIDTH_PX = 16
_MAX_WARP_WIDTH_PX = 16_384  # OpenCV's warps take sides below 32,768
_CUT_WINDOW_PX = 9  # a cut is placed where this window has least contrast
# A quieter stretch than this separates words: Latin spaces are 10 to 15 pixels wide, gaps between
# Chinese characters or digits less.
_MIN_WORD_GAP_PX = 10
_QUIET_RATIO = 0.25  # of the strongest contrast nearby


def crop_line(pixels: Pixels, corners: Points) -> Pixels:
    """Return a line of text as a horizontal strip (48, W, 3), W in proportion to its length.

    Args:
        pixels: the image.
        corners: (4, 2), clockwise from the text's own top left, pixels of the image.
    """
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    length = max(1.0, float(np.linalg.norm(along)))
    height = max(1.0, float(np.linalg.norm(down)))
    margin = MARGIN_RATIO * height
    right, below = along / length * margin, down / height * margin
    top_left = corners[0] - right - below
    along, down = along + 2 * right, down + 2 * below
    width = round((length + 2 * margin) / (height + 2 * margin) * LINE_HEIGHT_PX)
    width = int(np.clip(width, _MIN_LINE_WIDTH_PX, MAX_LINE_WIDTH_PX))
    inverse = np.column_stack([along / width, down / LINE_HEIGHT_PX])
    parts = []
    for first in range(0, width, _MAX_WARP_WIDTH_PX):
        origin = top_left + inverse @ np.array([first + 0.5, 0.5])
        part = cv2.warpAffine(
            pixels,
            np.column_stack([inverse, origin]),
            (min(_MAX_WARP_WIDTH_PX, width - first), LINE_HEIGHT_PX),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        parts.append(np.asarray(part, dtype=np.uint8))
    return parts[0] if len(parts) == 1 else np.hstack(parts)


def split_long_line(line: Pixels) -> Iterator[tuple[Pixels, bool]]:
    """Split a horizontal line (48, W, 3) into segments of at most 4,096 pixels.

    Each cut is in the last quarter of its segment, where the contrast is least.

    Yields:
        A segment, and whether a word ends with it.
    """
    while line.shape[1] > MAX_WIDTH_PX:
        first = MAX_WIDTH_PX * 3 // 4
        contrast = np.ptp(line[:, first:MAX_WIDTH_PX], axis=0).max(axis=1).astype(np.float64)
        window = np.ones(_CUT_WINDOW_PX)
        cut = int(np.argmin(np.convolve(contrast, window, mode="valid"))) + _CUT_WINDOW_PX // 2
        # Of a gap that reaches beyond the last quarter, only the part inside it counts.
        is_ink = np.pad(contrast > _QUIET_RATIO * contrast.max(), 1, constant_values=True)
        ink = np.flatnonzero(is_ink)
        gap = np.diff(ink)[np.searchsorted(ink, cut + 1) - 1]
        yield line[:, : first + cut], bool(gap > _MIN_WORD_GAP_PX)
        line = line[:, first + cut :]
    yield line, False
