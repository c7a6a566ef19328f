"""Lines of text for the recogniser to be prepared with: drawn, so that no picture is needed.

With OpenCV's own fonts, so of Latin letters only; which lines and how many matters less than that
they are lines (figures in decision 0036).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from web_image_ocr.engine.runtime.tensors import LINE_HEIGHT
from web_image_ocr.primitives.pixels import Pixels


class _Style(NamedTuple):
    """How a line is drawn; colours are RGB."""

    text: str
    font: int
    ink: tuple[int, int, int]
    ground: tuple[int, int, int]
    stroke: int  # pixels


# Chosen for their variety, before anything was measured with them: light on dark and dark on light,
# with and without colour, strokes of one to three pixels, letters, digits and signs.
_STYLES = (
    _Style("Total price 2024", cv2.FONT_HERSHEY_SIMPLEX, (0, 0, 0), (255, 255, 255), 2),
    _Style("NEW 50% off (USD)", cv2.FONT_HERSHEY_DUPLEX, (255, 240, 0), (200, 20, 40), 2),
    _Style("Invoice No. 12.50", cv2.FONT_HERSHEY_COMPLEX, (60, 60, 70), (225, 220, 205), 1),
    _Style("www hello WORLD", cv2.FONT_HERSHEY_TRIPLEX, (235, 235, 240), (30, 60, 110), 3),
)
_LEFT, _BASELINE = 6, 34  # where a line begins, pixels


def drawn_lines() -> list[Pixels]:
    """Four flat lines (48, W, 3), RGB, of letters, digits and signs, in OpenCV's own fonts."""
    return [_drawn(style) for style in _STYLES]


def _drawn(style: _Style) -> Pixels:
    (width, _), _ = cv2.getTextSize(style.text, style.font, 1.0, style.stroke)
    line = np.full((LINE_HEIGHT, width + 2 * _LEFT, 3), style.ground, np.uint8)
    place = (_LEFT, _BASELINE)
    cv2.putText(line, style.text, place, style.font, 1.0, style.ink, style.stroke, cv2.LINE_AA)
    return line
