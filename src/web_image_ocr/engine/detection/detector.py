"""Where the text is: probability map to boxes (DB: Liao et al., arXiv:1911.08947).

The box of a region is its rectangle of least area, grown by what the detector's training
took off (``unclip``): for a rectangle that is again a rectangle, so no polygon clipper is
needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.detection.content_bands import content_bands
from web_image_ocr.engine.geometry import Box, Points, shorter_side, upright_corners
from web_image_ocr.engine.runtime.session import Session, to_tensor
from web_image_ocr.primitives.pixels import Pixels

# A region is what lies above the first level (the model's own default). Lines that touch in
# faint pixels make one region that fills its rectangle badly: below SPLIT_SCORE it is looked at
# again above the next level. Word F, shop pictures .865 -> .890, born-digital .926 -> .924.
LEVELS = (0.3, 0.6, 0.85)
SPLIT_SCORE = 0.6
BOX_SCORE = 0.5  # the model's own default
# Read off the cores of long and of square texts (0.28 on both); .26 to .34 tried with the crops'
# margin: born-digital all within .008 of word F, shop pictures within .018.
SHRINK = 0.3
MIN_SIDE = 3.0  # pixels of the map; less is noise
# Of a box's shorter side: nearer to the rim, it is taken to reach it. Word F at 0 / .2 / .25: shop
# signs .955 / .971 / .971 (two pictures, one glyph), born-digital .9465 / .9460 / .9447, street
# scenes .7098 / .7074 / .7076; no change on shop pictures, receipts, forms. A close call.
NEAR_RIM = 0.2
FACING_RIM = 0.9  # cosine of the angle between a side and the rim it may reach
MOST_REGIONS = 3000  # of a map, the largest: bounds the time that a picture of pure noise can take

ProbabilityMap = npt.NDArray[np.uint8]
"""(H, W) uint8: how likely each pixel of the view is inside a line's core, 255 is certain."""

CERTAIN = 255

Contour = npt.NDArray[np.int32]


def text_map(session: Session, view: Pixels) -> ProbabilityMap:
    """Where the text of a view is; its bands without contrast are not shown to the detector.

    Args:
        session: the detector.
        view: (H, W, 3), both multiples of 32.
    """
    text = np.zeros(view.shape[:2], np.uint8)
    for top, bottom in content_bands(view):
        probability = session.run(to_tensor(view[top:bottom]))[0, 0]
        text[top:bottom] = cv2.convertScaleAbs(probability, alpha=CERTAIN)
    return text


def boxes_of_map(probability: ProbabilityMap) -> list[tuple[Points, float]]:
    """Corners (4, 2) in pixels of the map, and score, of each region of text in it."""
    found = _boxes_above(probability, 0)
    if len(found) > MOST_REGIONS:
        found.sort(key=lambda box: -shorter_side(box[0]))
    return found[:MOST_REGIONS]


def regions_of_map(probability: ProbabilityMap) -> list[Points]:
    """The contours (N, 2), in pixels of the map, of its regions of text, whatever their shape.

    They have all their points: a circle is laid through them.
    """
    regions = _regions_above(probability, LEVELS[0], cv2.CHAIN_APPROX_NONE)
    return [region[:, 0].astype(np.float64) for region in regions]


def _boxes_above(probability: ProbabilityMap, level: int) -> list[tuple[Points, float]]:
    found: list[tuple[Points, float]] = []
    for contour in _regions_above(probability, LEVELS[level]):
        corners = upright_corners(cv2.minAreaRect(contour))
        if shorter_side(corners) < MIN_SIDE:
            continue
        score = mean_inside(probability, corners)
        if score < SPLIT_SCORE and level + 1 < len(LEVELS) and len(found) < MOST_REGIONS:
            x, y, width, height = cv2.boundingRect(contour)
            inside = np.zeros((height, width), np.uint8)
            cv2.drawContours(inside, [contour], 0, (1,), cv2.FILLED, offset=(-x, -y))
            parts = _boxes_above(probability[y : y + height, x : x + width] * inside, level + 1)
            if len(parts) > 1 or score < BOX_SCORE:
                found += [(part + np.array([x, y]), part_score) for part, part_score in parts]
                continue
        if score >= BOX_SCORE:
            found.append((unclip(corners, SHRINK), score))
    return found


def traces_of_map(probability: ProbabilityMap, least: float) -> list[Points]:
    """Corners (4, 2) in pixels of the map of all that may be text, however faint or small.

    Args:
        probability: the map.
        least: probability from which on something may be text, 0 to 1.
    """
    cores = (cv2.minAreaRect(region) for region in _regions_above(probability, least))
    return [unclip(upright_corners(core), SHRINK) for core in cores]


def heights_of_map(probability: ProbabilityMap, least: float) -> list[float]:
    """How high, in pixels of the map, all is that may be text; ``least`` as above.

    A bent line is as high as its stroke is wide, not as its rectangle: four times the area over
    the perimeter is the side of a square, and twice the stroke of a line.
    """
    heights = []
    for region in _regions_above(probability, least):
        core = cv2.minAreaRect(region)
        stroke = 4 * cv2.contourArea(region) / max(cv2.arcLength(region, closed=True), 1.0)
        unclipped = shorter_side(unclip(upright_corners(core), SHRINK))
        heights.append(unclipped * min(1.0, stroke / max(min(core[1]), 1.0)))
    return heights


def _regions_above(
    probability: ProbabilityMap, least: float, points: int = cv2.CHAIN_APPROX_SIMPLE
) -> Sequence[Contour]:
    """The contours of the regions above a probability, 0 to 1; of too many, the largest."""
    _, mask = cv2.threshold(probability, least * CERTAIN, 1, cv2.THRESH_BINARY)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8), dst=mask)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, points)
    if len(contours) > MOST_REGIONS:
        contours = sorted(contours, key=lambda contour: -sum(cv2.boundingRect(contour)[2:]))
    return [np.asarray(contour, dtype=np.int32) for contour in contours[:MOST_REGIONS]]


def unclip(corners: Points, shrink: float) -> Points:
    """The text's rectangle (4, 2) from its core's.

    Inverts the detector's training labels: a text of W x H has a core that is smaller by
    ``d = shrink * W * H / (W + H)`` on each side, so for a core of w x h the distance d solves
    ``4 (1 - shrink) d^2 + (1 - 2 shrink) (w + h) d - shrink * w * h = 0``.
    """
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = math.hypot(*along), math.hypot(*down)
    if width < 1e-9 or height < 1e-9:
        return corners
    a, b = 4 * (1 - shrink), (1 - 2 * shrink) * (width + height)
    grow = (math.sqrt(b * b + 4 * a * shrink * width * height) - b) / (2 * a)
    right, below = along / width * grow, down / height * grow
    grown: Points = corners + np.array(
        [-right - below, right - below, right + below, below - right]
    )
    return grown


def extend_to_border(box: Box, rim: Points) -> Box:
    """The box, its sides that almost reach the picture's rim moved to it.

    The detector ends short of it what the rim cuts off, and such a glyph is not read.

    Args:
        box: of the picture.
        rim: the corners (4, 2) of the picture, from the upper left one.
    """
    near = NEAR_RIM * min(box.width, box.height)
    low, high = box.corners.min(axis=0), box.corners.max(axis=0)
    if min(*(low - rim[0]), *(rim[2] - high)) >= near:
        return box
    corners = box.corners.copy()
    for side in ([0, 1], [1, 2], [2, 3], [3, 0]):
        middle = box.corners[side].mean(axis=0)
        outward = middle - box.corners.mean(axis=0)
        outward /= max(float(np.linalg.norm(outward)), 1e-9)
        axis = int(np.argmax(np.abs(outward)))
        if abs(outward[axis]) < FACING_RIM:
            continue
        edge = rim[2 if outward[axis] > 0 else 0, axis]
        gap = (edge - middle[axis]) / outward[axis]
        if 0 < gap < near:
            corners[side] += gap * outward
    return Box(corners, box.score)


def mean_inside(probability: ProbabilityMap, corners: Points) -> float:
    """The mean probability, 0 to 1, inside a quad (4, 2), 0 where they do not meet."""
    height, width = probability.shape
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    window = probability[low[1] : high[1] + 1, low[0] : high[0] + 1]
    inside = np.zeros(window.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(corners - low).astype(np.int32)], (1,))
    return float(cv2.mean(window, mask=inside)[0]) / CERTAIN
