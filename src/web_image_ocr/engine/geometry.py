"""Measure and turn points, quadrilaterals and rectangles, in pixels.

Points are in pixel-index coordinates: (0, 0) is the centre of the upper left pixel, x grows to the
right, y downwards. Angles are degrees clockwise as seen, 0 to 360.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.page import Quad

Points = npt.NDArray[np.float64]
"""(N, 2) float64, x and y in pixels."""

_CORNER_ORDERS = np.array([np.roll(range(4), -turns) for turns in range(4)])


def image_corners(width: int, height: int) -> Points:
    """Return the outer corners (4, 2) of an image or view: half a pixel beyond pixel centres."""
    right, bottom = width - 0.5, height - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


def rotation_matrix(angle: float) -> npt.NDArray[np.float64]:
    """Return the (2, 2) matrix that turns clockwise by ``angle``; exact at right angles."""
    turn = np.deg2rad(angle)
    cos, sin = np.round(np.cos(turn), 12), np.round(np.sin(turn), 12)
    return np.array([[cos, -sin], [sin, cos]])


def rotated_size(points: Points, angle: float) -> tuple[float, float]:
    """Return the width and height of the bounding box of points (N, 2) turned back by ``angle``."""
    width, height = np.ptp(points @ rotation_matrix(-angle).T, axis=0)
    return float(width), float(height)


def rotate_quad_90(corners: Points, turns: int) -> Points:
    """Return the same quad (4, 2) for text turned clockwise by ``turns`` quarter turns.

    Args:
        corners: clockwise, from the upright text's top left corner.
        turns: of either sign.
    """
    turned: Points = corners[_CORNER_ORDERS[turns % 4]]
    return turned


def shorter_side(corners: Points) -> float:
    """Return the length of the shorter side of a rectangle given by corners (4, 2)."""
    return min(math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2]))


def upright_corners(rectangle: tuple[Sequence[float], Sequence[float], float]) -> Points:
    """Return the corners (4, 2) of an OpenCV rectangle, clockwise, from the upper left one.

    The first edge is the one nearest to pointing right.
    """
    corners = np.asarray(cv2.boxPoints(rectangle), dtype=np.float64)
    edges = rotate_quad_90(corners, 1) - corners
    cross = edges[0, 0] * edges[1, 1] - edges[0, 1] * edges[1, 0]
    if cross < 0:
        corners = corners[::-1]
        edges = rotate_quad_90(corners, 1) - corners
    lengths = np.maximum(np.hypot(edges[:, 0], edges[:, 1]), 1e-9)
    first = int(np.argmax(np.round(edges[:, 0] / lengths, 6)))
    return rotate_quad_90(corners, first)


def clip_quad(corners: Points, width: int, height: int) -> Quad:
    """Return corners (4, 2) as a quad, moved into an image of that size in pixels."""
    inside = np.clip(corners, 0.0, [width - 1, height - 1])
    a, b, c, d = ((float(x), float(y)) for x, y in inside)
    return a, b, c, d


def intersection_area(one: Points, other: Points) -> float:
    """Return the area of the intersection of two convex quads (4, 2), in square pixels."""
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])


@dataclass(frozen=True, slots=True)
class Box:
    """Represent one detected line of text.

    Attributes:
        corners: (4, 2) float64 in pixels of the image, clockwise as seen, from the corner that is
            the text's top left if it reads along the view's rows.
        score: mean probability inside the region, 0 to 1.
    """

    corners: Points
    score: float

    @property
    def area(self) -> float:
        """Return the area in square pixels."""
        return self.width * self.height

    @property
    def width(self) -> float:
        """Return the length of the first edge in pixels."""
        return math.dist(self.corners[0], self.corners[1])

    @property
    def height(self) -> float:
        """Return the length of the second edge in pixels."""
        return math.dist(self.corners[1], self.corners[2])

    @property
    def aspect_ratio(self) -> float:
        """Return the ratio of the longer to the shorter side, at least 1."""
        longer, shorter = max(self.width, self.height), min(self.width, self.height)
        return longer / max(shorter, 1.0)

    @property
    def direction(self) -> float:
        """Return the direction of the first edge, degrees clockwise from right, 0 to 360."""
        x, y = self.corners[1] - self.corners[0]
        return float(np.degrees(np.arctan2(y, x))) % 360.0

    def along_long_side(self) -> Box:
        """Return the same box with a long side as its first edge."""
        if self.width >= self.height:
            return self
        return replace(self, corners=rotate_quad_90(self.corners, 1))


class BoundsIndex:
    """Find shapes whose bounding boxes overlap, to compare only those in detail.

    Args:
        shapes: N arrays of corners (M, 2).
    """

    def __init__(self, shapes: Sequence[Points]) -> None:
        self._low = np.array([shape.min(axis=0) for shape in shapes]).reshape(-1, 2)
        self._high = np.array([shape.max(axis=0) for shape in shapes]).reshape(-1, 2)

    def overlapping(self, shape: Points) -> list[int]:
        """Return the indices of shapes whose bounding box overlaps that of ``shape`` (M, 2)."""
        meets = (self._low <= shape.max(axis=0)) & (shape.min(axis=0) <= self._high)
        return [int(index) for index in np.flatnonzero(meets.all(axis=1))]
