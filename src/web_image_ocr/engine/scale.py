"""How large the detector sees a picture."""

from __future__ import annotations

import math

LARGEST = 1.5
LONGEST = 16_000  # OpenCV's warps take sides below 32,768


def detection_scale(width: int, height: int, max_pixels: int) -> float:
    """Pixels that the detector sees for one pixel of the picture, along each side."""
    return min(LARGEST, math.sqrt(max_pixels / (width * height)), LONGEST / max(width, height))
