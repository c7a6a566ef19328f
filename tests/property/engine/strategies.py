"""Strategies of rectangles for tests of the engine."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from web_image_ocr.engine.geometry import Points

sizes = st.integers(1, 4000)
lengths = st.floats(1.0, 500.0)
angles = st.floats(0.0, 360.0)


def rectangle(x: float, y: float, width: float, height: float, angle: float) -> Points:
    """Return corners (4, 2), rotated clockwise around (x, y), the first one."""
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    flat = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    corners: Points = flat @ np.array([[cos, sin], [-sin, cos]]) + [x, y]
    return corners


rectangles = st.builds(
    rectangle, st.floats(-100, 900), st.floats(-100, 900), lengths, lengths, angles
)
