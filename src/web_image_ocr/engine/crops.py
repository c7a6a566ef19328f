"""Lines cut out of the picture at its full resolution."""

from __future__ import annotations

import cv2
import numpy as np

from web_image_ocr.engine.frames import Points
from web_image_ocr.primitives.image import Pixels

LINE_HEIGHT = 48  # what the recogniser wants
# Of the line's height, on each side of the box; 0, .05 and .1 tried together with the detector's
# SHRINK on born-digital and shop pictures.
MARGIN = 0.05
MAX_LINE_WIDTH = 4096  # bounds memory: (W / 8) x 18,710 probabilities


def cut_line(pixels: Pixels, corners: Points) -> Pixels:
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
    width = int(
        np.clip(round((length + 2 * grow) / (height + 2 * grow) * LINE_HEIGHT), 16, MAX_LINE_WIDTH)
    )
    inverse = np.column_stack([along / width, down / LINE_HEIGHT])
    origin = top_left + inverse @ np.array([0.5, 0.5])
    flat = cv2.warpAffine(
        pixels,
        np.column_stack([inverse, origin]),
        (width, LINE_HEIGHT),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(flat, dtype=np.uint8)
