"""Sort labelled boxes into buckets by script, height, rotation and confidence."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise

import cv2
import numpy as np

from benchmarks.dataset import Label
from benchmarks.text import letters, unit_spans

_HEIGHTS = (10, 16, 24, 40)
"""Bounds in pixels; below about 10 px people cannot tell glyphs apart either."""

_CONFIDENCES = (0.7, 0.8, 0.9, 0.95)
_TILTS = (5.0, 60.0)  # degrees: the precision of labelled corners, and a vertical column
_LONG = 1.5  # aspect ratio from which a box of several letters shows its direction


def _names(bounds: tuple[float, ...], unit: str) -> tuple[str, ...]:
    between = (f"{low:g} to {high:g}{unit}" for low, high in pairwise(bounds))
    return (f"under {bounds[0]:g}{unit}", *between, f"{bounds[-1]:g}{unit} on")


BUCKETS = {
    "script": ("Latin", "CJK", "digits", "mixed"),
    "height": _names(_HEIGHTS, " px"),
    "rotation": ("level", "slanting", "vertical"),
    "confidence": _names(_CONFIDENCES, ""),
}
"""Buckets of each trait, in the order of the tables."""


def buckets_of(label: Label, confidence: float | None) -> dict[str, str]:
    """Return the bucket of a scored label with letters for each trait.

    Args:
        label: Label with a quad.
        confidence: Confidence of the line that contains it; None omits that trait.
    """
    text = letters(label.text)
    height, angle = _shape(label, len(text))
    buckets = {
        "script": _script(text),
        "height": BUCKETS["height"][bisect(_HEIGHTS, height)],
        "rotation": BUCKETS["rotation"][bisect(_TILTS, angle)],
    }
    if confidence is not None:
        buckets["confidence"] = BUCKETS["confidence"][bisect(_CONFIDENCES, confidence)]
    return buckets


def _script(text: str) -> str:
    kinds = {
        "digits" if character.isdigit() else "CJK" if _is_cjk(character) else "Latin"
        for character in text
    }
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _is_cjk(character: str) -> bool:
    """Return whether it is a CJK character; letters of other scripts count as Latin."""
    return not character.isascii() and any(unit_spans(character))


def _shape(label: Label, letter_count: int) -> tuple[float, float]:
    """Return the text height in pixels and its angle to the horizontal, 0 to 90 degrees.

    Labelled corners have no fixed order. The text is assumed to run along the longer side, or
    along the more horizontal side if the box is almost square or has one letter.
    """
    assert label.quad is not None
    corners = cv2.boxPoints(cv2.minAreaRect(label.quad.astype(np.float32)))
    sides = sorted((corners[[1, 3]] - corners[0]).tolist(), key=lambda side: np.hypot(*side))
    lengths = [float(np.hypot(*side)) for side in sides]
    tall = letter_count > 1 and lengths[1] >= _LONG * lengths[0]
    run = 1 if tall else int(np.argmin([abs(y) - abs(x) for x, y in sides]))
    x, y = sides[run]
    return lengths[1 - run], float(np.degrees(np.arctan2(abs(y), abs(x))))
