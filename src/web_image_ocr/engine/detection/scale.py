"""How large the detector sees a picture."""

from __future__ import annotations

import math

# Web text is small: seen a quarter larger, more of it is found; larger still, big letters fall
# apart. Word F at 1.0 / 1.25 / 1.5: born-digital .931 / .937 / .930, shop pictures
# .886 / .905 / .904, all three with faint spaces (``ctc``) taken from 0.02.
LARGEST = 1.25
LONGEST = 16_000  # OpenCV's warps take sides below 32,768


def detection_scale(width: float, height: float, max_pixels: int) -> float:
    """Pixels that the detector sees for one pixel of the picture, along each side."""
    return min(bounded_scale(width, height, max_pixels), LONGEST / max(width, height))


def bounded_scale(width: float, height: float, max_pixels: int) -> float:
    """The same for a view that is seen in tiles: its sides may have any length."""
    return min(LARGEST, math.sqrt(max_pixels / (width * height)))
