"""Lines cut out of the picture at its full resolution."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from web_image_ocr.engine.geometry import Points
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX
from web_image_ocr.primitives.pixels import Pixels

# Of the line's height, on each side of the box; 0, .05 and .1 tried together with the detector's
# SHRINK on born-digital and shop pictures.
MARGIN = 0.05
MAX_WIDTH_PX = 4096  # of what is read at once; bounds memory: (W / 8) x 18,710 probabilities
LONGEST = 32 * MAX_WIDTH_PX  # of a line, 2,730 times its height; longer ones are squeezed
_WARPED = 16_384  # OpenCV's warps take sides below 32,768
# Pixels of a flat line over which it is quietest where it is cut; a Latin space is 10 to 15.
_GAP = 9
# A cut parts words where the ground around it is quiet for this long: a Latin space is longer,
# what lies between Chinese characters or digits shorter.
_SPACE = 10
_QUIET = 0.25  # of what is busiest around it


def crop_line(pixels: Pixels, corners: Points) -> Pixels:
    """A line of text laid flat, (48, W, 3), W in proportion to its length.

    Args:
        pixels: the picture.
        corners: (4, 2), clockwise from the text's own top left, pixels of the picture.
    """
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    length = max(1.0, float(np.linalg.norm(along)))
    height = max(1.0, float(np.linalg.norm(down)))
    grow = MARGIN * height
    right, below = along / length * grow, down / height * grow
    top_left = corners[0] - right - below
    along, down = along + 2 * right, down + 2 * below
    width = round((length + 2 * grow) / (height + 2 * grow) * LINE_HEIGHT_PX)
    width = int(np.clip(width, 16, LONGEST))
    inverse = np.column_stack([along / width, down / LINE_HEIGHT_PX])
    flat = []
    for first in range(0, width, _WARPED):
        origin = top_left + inverse @ np.array([first + 0.5, 0.5])
        part = cv2.warpAffine(
            pixels,
            np.column_stack([inverse, origin]),
            (min(_WARPED, width - first), LINE_HEIGHT_PX),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        flat.append(np.asarray(part, dtype=np.uint8))
    return flat[0] if len(flat) == 1 else np.hstack(flat)


def split_long_line(flat: Pixels) -> Iterator[tuple[Pixels, bool]]:
    """A flat line (48, W, 3) in pieces that are at most 4,096 wide, cut where it is quietest.

    Each is cut in its last quarter.

    Yields:
        A piece, and whether what follows is another word.
    """
    while flat.shape[1] > MAX_WIDTH_PX:
        first = MAX_WIDTH_PX * 3 // 4
        busy = np.ptp(flat[:, first:MAX_WIDTH_PX], axis=0).max(axis=1).astype(np.float64)
        at = int(np.argmin(np.convolve(busy, np.ones(_GAP), mode="valid"))) + _GAP // 2
        # What is looked at ends on both sides as if by ink: of a longer gap, this part counts.
        loud = np.flatnonzero(np.pad(busy > _QUIET * busy.max(), 1, constant_values=True))
        gap = np.diff(loud)[np.searchsorted(loud, at + 1) - 1]
        yield flat[:, : first + at], bool(gap > _SPACE)
        flat = flat[:, first + at :]
    yield flat, False
