"""Points and quads in pixels; origin at the upper left, x to the right, y downwards."""

from __future__ import annotations

Point = tuple[float, float]
"""(x, y) in pixels."""

Quad = tuple[Point, Point, Point, Point]
"""Four corners, clockwise as seen, from the text's own top-left corner: the first
edge runs along the reading direction."""
