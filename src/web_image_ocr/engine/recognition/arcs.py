"""Fit arcs to the regions of curved text (seals, round labels) and unroll them to strips.

The detector follows an arc well enough to show its circle, but fills the inside of tight arcs.
So the circle is fitted to the outer edge only, and the strip has a margin on both sides: a
detection on the strip finds the text there, straight.

Angles are in radians, clockwise as seen, from the top of the circle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.geometry import Points
from web_image_ocr.primitives.pixels import Pixels

# Tuned on 60 synthetic arcs and on seals: docs/engine-notes/recognition-and-runtime.md.
MAX_FILL_RATIO = 0.8  # region area / area of its smallest rectangle; above, the region is straight
MIN_RISE_RATIO = 0.5  # rise of the outer edge / thickness; flatter lines are read as straight
EDGE_TOLERANCE_RATIO = 0.35  # distance of an edge point on the circle / thickness
MIN_INLIER_RATIO = 0.6  # edge points on the circle / all
MIN_THICKNESS_PX = 4.0  # thinner regions were never read, on four labelled sets
MAX_RADIUS_RATIO = 5.0  # radius / length of the region: bounds the work
MIN_RADIUS_RATIO = 0.8  # radius / height of the text
MIN_LENGTH_RATIO, MAX_LENGTH_RATIO = 2.5, 100.0  # length / height of the text; else not a line
TEXT_HEIGHT_RATIO = 2.0  # height of the text / thickness of its region
MARGIN_RATIO = 2.0  # of the strip on each side of the text's middle, in text heights
MAX_TEXT_HEIGHT_PX = 48.0  # on the strip
MAX_ARCS = 20
MAX_REGIONS = 200  # the largest ones: bounds the time
_RAYS = 256
_MAX_MASK_PX = 2048  # longer side of the mask in which rays are cast: bounds memory


@dataclass(frozen=True, slots=True)
class Arc:
    """Represent a line of text on part of a circle.

    Attributes:
        center: of the circle, (2,), pixels of the image.
        radius: of the circle through the middle of the text, pixels.
        start: angle at which the line begins.
        extent: angle that it covers, clockwise, at most a full turn.
        height: approximate height of the text, pixels.
    """

    center: Points
    radius: float
    start: float
    extent: float
    height: float

    @property
    def scale(self) -> float:
        """Return the pixels of the strip for one pixel of the image."""
        return min(1.0, MAX_TEXT_HEIGHT_PX / self.height)

    def unroll(self, pixels: Pixels) -> Pixels:
        """Return the strip (H, W, 3) of an image: columns run clockwise, rows inwards."""
        margin = MARGIN_RATIO * self.height
        width = math.ceil(self.extent * self.radius * self.scale)
        height = math.ceil((margin + min(margin, self.radius)) * self.scale)
        rows, columns = np.indices((height, width), dtype=np.float64)
        x, y = self.to_image(np.stack([columns.ravel(), rows.ravel()], axis=1)).T
        strip = cv2.remap(
            pixels,
            x.reshape(height, width).astype(np.float32),
            y.reshape(height, width).astype(np.float32),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(strip, dtype=np.uint8)

    def to_image(self, points: Points) -> Points:
        """Return points (N, 2) of the strip as points of the image."""
        along, inwards = (points.T + 0.5) / self.scale
        radii = self.radius + MARGIN_RATIO * self.height - inwards
        return _points_on_rays(self.center, self.start + along / self.radius, radii)


def fit_arcs(contours: Iterable[Points]) -> list[Arc]:
    """Return the arcs of regions, given by contours (N, 2): at most `MAX_ARCS`, largest first."""
    largest_first = sorted(contours, key=lambda contour: -np.ptp(contour, axis=0).max())
    arcs = (fit_arc(contour) for contour in largest_first[:MAX_REGIONS])
    return list(islice((arc for arc in arcs if arc is not None), MAX_ARCS))


def fit_arc(contour: Points) -> Arc | None:
    """Return the arc along a region, given by its contour (N, 2); None if there is none."""
    outline = np.asarray(contour, dtype=np.float32)
    _, sides, _ = cv2.minAreaRect(outline)
    is_straight = cv2.contourArea(outline) > MAX_FILL_RATIO * sides[0] * sides[1]
    if min(sides) < MIN_THICKNESS_PX or is_straight:
        return None
    hull = np.asarray(cv2.convexHull(outline)[:, 0], dtype=np.float64)
    # Up to half a ring, the hull has an inner edge too; its convex side is without it.
    return _fit_outer_edge(contour, _convex_side(hull)) or _fit_outer_edge(contour, hull)


def _fit_outer_edge(contour: Points, edge: Points) -> Arc | None:
    """Return the arc of a region whose outer edge is near the circle through ``edge``.

    The edge is replaced by the points on it where rays leave the region, and fitted again.
    """
    for _ in range(4):
        circle = _fit_circle(edge)
        if circle is None or circle[1] > MAX_RADIUS_RATIO * np.ptp(contour, axis=0).max():
            return None
        center, radius = circle
        start, extent = _angular_extent(contour - center)
        angles = start + (np.arange(_RAYS) + 0.5) / _RAYS * extent
        outer, thickness = _cast_rays(contour, center, angles)
        stroke = float(np.percentile(thickness, 30))
        if stroke < MIN_THICKNESS_PX:
            return None
        is_near = np.abs(outer - radius) < EDGE_TOLERANCE_RATIO * stroke
        if is_near.mean() < MIN_INLIER_RATIO / 2:
            return None
        edge = _points_on_rays(center, angles, outer)[is_near]
    rise = radius * (1 - math.cos(min(extent, math.pi) / 2))
    if is_near.mean() < MIN_INLIER_RATIO or rise < MIN_RISE_RATIO * stroke:
        return None
    middle, height = radius - stroke / 2, TEXT_HEIGHT_RATIO * stroke
    length = extent * middle
    is_long_enough = MIN_LENGTH_RATIO * height < length < MAX_LENGTH_RATIO * height
    if middle < MIN_RADIUS_RATIO * height or not is_long_enough:
        return None
    # A ring's text is often detected in parts: the strip also shows the circle beside this one.
    margin = min(height / middle + extent / 2, math.pi - extent / 2)
    return Arc(center, middle, start - margin, extent + 2 * margin, height)


def _convex_side(hull: Points) -> Points:
    """Return the points of a hull on the side of its longest diagonal where it reaches furthest."""
    distances = np.linalg.norm(hull[:, None] - hull[None], axis=2)
    one, other = np.unravel_index(int(np.argmax(distances)), distances.shape)
    along = hull[other] - hull[one]
    offsets = (hull - hull[one]) @ np.array([-along[1], along[0]])
    side: Points = hull[offsets >= 0] if offsets.max() > -offsets.min() else hull[offsets <= 0]
    return side


def _points_on_rays(
    center: Points, angles: npt.NDArray[np.float64], radii: npt.NDArray[np.float64]
) -> Points:
    return center + np.stack([radii * np.sin(angles), -radii * np.cos(angles)], axis=1)


def _fit_circle(points: Points) -> tuple[Points, float] | None:
    """Return center and radius of the circle through points, by least squares (Kåsa 1976)."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution, _, rank, _ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    if rank < 3:
        return None
    center = solution[:2]
    return center, math.sqrt(solution[2] + center @ center)


def _angular_extent(points: Points) -> tuple[float, float]:
    """Return start and extent of the angles of points around the origin, without the widest gap."""
    angles = np.sort(np.arctan2(points[:, 0], -points[:, 1]))
    gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
    last = int(np.argmax(gaps))
    return float(angles[(last + 1) % len(angles)]), float(2 * np.pi - gaps[last])


def _cast_rays(
    contour: Points, center: Points, angles: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how far a region reaches on each ray and how thick it is there, in pixels."""
    shrink = max(1.0, np.ptp(contour, axis=0).max() / _MAX_MASK_PX)
    contour, center = contour / shrink, center / shrink
    corner = np.floor(contour.min(axis=0)) - 1
    width, height = np.ceil(np.ptp(contour, axis=0)).astype(int) + 3
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(contour - corner).astype(np.int32)], (1,))
    distances = np.linalg.norm(contour - center, axis=1)
    radii = np.arange(distances.min(), distances.max() + 1)
    x, y = _points_on_rays(
        center - corner, np.repeat(angles, len(radii)), np.tile(radii, len(angles))
    ).T.reshape(2, len(angles), len(radii))
    inside = cv2.remap(
        mask,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0,),
    )
    return shrink * (inside * radii).max(axis=1), shrink * inside.sum(axis=1)
