"""How large the detector sees a picture."""

from __future__ import annotations

import math


def detection_scale(width: int, height: int, max_pixels: int) -> float:
    """Pixels that the detector sees for one pixel of the picture, along each side."""
    return min(1.5, math.sqrt(max_pixels / (width * height)))
