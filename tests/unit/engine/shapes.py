"""Make rectangles and boxes."""

from __future__ import annotations

import numpy as np

from web_image_ocr.engine.geometry import Box, Points


def rectangle(
    direction: float,
    *,
    width: float = 100.0,
    height: float = 20.0,
    centre: tuple[float, float] = (125.0, 125.0),
) -> Points:
    """Return corners (4, 2), clockwise; the first edge, ``width`` long, points in the direction."""
    cos, sin = np.cos(np.deg2rad(direction)), np.sin(np.deg2rad(direction))
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    corners: Points = flat @ np.array([[cos, sin], [-sin, cos]]) + centre
    return corners


def upright_box(left: float, top: float, right: float, bottom: float) -> Box:
    """Return an upright box, given its sides."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return Box(np.array(corners, dtype=np.float64), 1.0)
