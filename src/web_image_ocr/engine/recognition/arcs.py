"""Text along a circle (seals, round labels): told by its region's shape, and unrolled.

The detector follows an arc well enough to show its circle, but where the arc is tight it also
fills the inside. So only the outer edge is believed, and the strip that is unrolled holds some
ground on both sides: seen again there, the text is straight.

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

# All were tuned on the 60 arcs of ``benchmarks.arcs`` at 20 and 32 pixels and on Chinese seals
# drawn likewise; see decision 0019 for what they give there and on labelled pictures.
# A region that fills more of its least rectangle than this is straight.
FULL = 0.8
# Rise of the outer edge, in thicknesses of the region; less bent lines are read well as they are.
RISE = 0.5
# An edge is on the circle when it is this near, in thicknesses; so much of the edge has to be.
NEAR = 0.35
ON_CIRCLE = 0.6
THINNEST = 4.0  # pixels; what is thinner was never read, on four labelled sets
FLATTEST = 5.0  # radius in lengths of the region: bounds the work
TIGHTEST = 0.8  # radius in heights of the text
# Length in heights of the text: what is shorter is no line but a letter; what is longer was not
# drawn, and would make a long strip.
SHORTEST, LONGEST = 2.5, 100.0
HEIGHT = 2.0  # of the text, in thicknesses of its region
GROUND = 2.0  # on each side of the text's middle, in text heights
TALLEST = 48.0  # of text in the strip, pixels
MAX_ARCS = 20
MOST_LOOKED_AT = 200  # regions, the largest: bounds the time
_RAYS = 256
_LARGEST = 2048  # pixels of a region as it is looked at: bounds memory


@dataclass(frozen=True, slots=True)
class Arc:
    """A part of a ring that holds a line of text.

    Attributes:
        centre: of the circle, (2,), pixels of the picture.
        radius: of the circle in the middle of the text, pixels.
        start: where the part begins.
        extent: how far it goes, clockwise, at most a full turn.
        height: about that of the text, pixels.
    """

    centre: Points
    radius: float
    start: float
    extent: float
    height: float

    @property
    def scale(self) -> float:
        """Pixels of the strip for one pixel of the picture."""
        return min(1.0, TALLEST / self.height)

    def unroll(self, pixels: Pixels) -> Pixels:
        """The strip: columns run clockwise, rows inwards."""
        ground = GROUND * self.height
        width = math.ceil(self.extent * self.radius * self.scale)
        height = math.ceil((ground + min(ground, self.radius)) * self.scale)
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
        """Points of the strip, (N, 2), as points of the picture."""
        along, inwards = (points.T + 0.5) / self.scale
        radii = self.radius + GROUND * self.height - inwards
        return _on_rays(self.centre, self.start + along / self.radius, radii)


def fit_arcs(contours: Iterable[Points]) -> list[Arc]:
    """The arcs that regions follow, of the largest ones first; not all where there are too many."""
    largest_first = sorted(contours, key=lambda contour: -np.ptp(contour, axis=0).max())
    arcs = (fit_arc(contour) for contour in largest_first[:MOST_LOOKED_AT])
    return list(islice((arc for arc in arcs if arc is not None), MAX_ARCS))


def fit_arc(contour: Points) -> Arc | None:
    """The arc that a region follows; none where it is straight or no arc.

    Args:
        contour: (N, 2), of the region, pixels of the picture.
    """
    outline = np.asarray(contour, dtype=np.float32)
    _, sides, _ = cv2.minAreaRect(outline)
    if min(sides) < THINNEST or cv2.contourArea(outline) > FULL * sides[0] * sides[1]:
        return None
    hull = np.asarray(cv2.convexHull(outline)[:, 0], dtype=np.float64)
    # Up to half a ring its own hull has an edge inside, which its bulging side has not.
    return _along(contour, _bulge(hull)) or _along(contour, hull)


def _along(contour: Points, edge: Points) -> Arc | None:
    """The arc that a region follows, if its outer edge is near a circle through some points."""
    for _ in range(4):
        circle = _circle(edge)
        if circle is None or circle[1] > FLATTEST * np.ptp(contour, axis=0).max():
            return None
        centre, radius = circle
        start, extent = _span(contour - centre)
        angles = start + (np.arange(_RAYS) + 0.5) / _RAYS * extent
        outer, thickness = _along_rays(contour, centre, angles)
        thick = float(np.percentile(thickness, 30))
        if thick < THINNEST:
            return None
        near = np.abs(outer - radius) < NEAR * thick
        if near.mean() < ON_CIRCLE / 2:
            return None
        edge = _on_rays(centre, angles, outer)[near]
    rise = radius * (1 - math.cos(min(extent, math.pi) / 2))
    if near.mean() < ON_CIRCLE or rise < RISE * thick:
        return None
    middle, height = radius - thick / 2, HEIGHT * thick
    length = extent * middle
    if middle < TIGHTEST * height or not SHORTEST * height < length < LONGEST * height:
        return None
    # A ring's text is often seen in pieces: what lies on the circle beside this one is shown too.
    more = min(height / middle + extent / 2, math.pi - extent / 2)
    return Arc(centre, middle, start - more, extent + 2 * more, height)


def _bulge(hull: Points) -> Points:
    """The points of a hull on that side of its longest diagonal on which it reaches furthest."""
    gaps = np.linalg.norm(hull[:, None] - hull[None], axis=2)
    one, other = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
    along = hull[other] - hull[one]
    off = (hull - hull[one]) @ np.array([-along[1], along[0]])
    side: Points = hull[off >= 0] if off.max() > -off.min() else hull[off <= 0]
    return side


def _on_rays(
    centre: Points, angles: npt.NDArray[np.float64], radii: npt.NDArray[np.float64]
) -> Points:
    return centre + np.stack([radii * np.sin(angles), -radii * np.cos(angles)], axis=1)


def _circle(points: Points) -> tuple[Points, float] | None:
    """Centre and radius of the circle through points, by least squares (Kåsa 1976)."""
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution, _, rank, _ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    if rank < 3:
        return None
    centre = solution[:2]
    return centre, math.sqrt(solution[2] + centre @ centre)


def _span(points: Points) -> tuple[float, float]:
    """Start and extent of what points around a circle's centre take of it: all but the gap."""
    angles = np.sort(np.arctan2(points[:, 0], -points[:, 1]))
    gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
    last = int(np.argmax(gaps))
    return float(angles[(last + 1) % len(angles)]), float(2 * np.pi - gaps[last])


def _along_rays(
    contour: Points, centre: Points, angles: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How far out a region reaches on each ray, and how thick it is there, in pixels."""
    shrink = max(1.0, np.ptp(contour, axis=0).max() / _LARGEST)
    contour, centre = contour / shrink, centre / shrink
    corner = np.floor(contour.min(axis=0)) - 1
    width, height = np.ceil(np.ptp(contour, axis=0)).astype(int) + 3
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(contour - corner).astype(np.int32)], (1,))
    distances = np.linalg.norm(contour - centre, axis=1)
    radii = np.arange(distances.min(), distances.max() + 1)
    x, y = _on_rays(
        centre - corner, np.repeat(angles, len(radii)), np.tile(radii, len(angles))
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
