"""What the engine takes and gives back: plain values, no arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]
"""(x, y) in pixels; the origin is the image's upper left corner, y grows downwards."""

Quad = tuple[Point, Point, Point, Point]
"""Four corners, clockwise from the text's top left: the first edge runs in reading direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionOptions:
    """What one call may ask for.

    Attributes:
        detect_direction: align a tilted or turned picture (any angle) before reading.
    """

    detect_direction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """One line of text as found in the picture.

    Attributes:
        text: the characters read, never empty.
        confidence: 0 to 1, how likely the whole text is right: the product of the
            probabilities of its characters, spaces left out.
        quad: the line's corners in pixels of the picture handed in, inside it,
            clockwise from the text's own top-left corner.
    """

    text: str
    confidence: float
    quad: Quad


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All text of one picture, in reading order.

    Attributes:
        width: of the picture handed in, pixels.
        height: of the picture handed in, pixels.
        lines: rows from top to bottom, inside a row from left to right.
        timings: seconds spent in each stage, by the stage's name.
    """

    width: int
    height: int
    lines: tuple[TextLine, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
