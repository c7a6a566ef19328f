"""Represent what the engine takes and returns: plain values, no arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]
"""(x, y) in pixels; the origin is the image's upper left corner, y grows downwards."""

Quad = tuple[Point, Point, Point, Point]
"""Four corners, clockwise from the text's top left: the first edge runs in reading direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionOptions:
    """Hold the options of one call.

    Attributes:
        detect_direction: align a tilted or rotated image (any angle) before recognition.
    """

    detect_direction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """Represent one line of text.

    Attributes:
        text: the recognized characters, never empty.
        confidence: 0 to 1, probability that the whole text is right: the product of the
            probabilities of its characters without spaces.
        quad: corners in pixels of the image as passed in, inside it, clockwise from the text's
            top left.
    """

    text: str
    confidence: float
    quad: Quad


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Represent all text of one image, in reading order.

    Attributes:
        width: of the image as passed in, pixels.
        height: of the image as passed in, pixels.
        lines: rows from top to bottom, within a row from left to right.
        timings: seconds by stage.
    """

    width: int
    height: int
    lines: tuple[TextLine, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
