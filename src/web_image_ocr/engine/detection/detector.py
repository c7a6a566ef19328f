"""Run the detector and turn its probability map into boxes (DB: Liao et al., arXiv:1911.08947).

The box of a region is its minimum-area rectangle, grown by what the detector's training labels
cut off (``unclip``). A grown rectangle is a rectangle again, so no polygon clipper is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.detection.content_bands import content_bands
from web_image_ocr.engine.geometry import Box, Points, image_corners, shorter_side, upright_corners
from web_image_ocr.engine.runtime.session import Session, to_tensor
from web_image_ocr.primitives.pixels import Pixels

# Measurements: docs/engine-notes/detection-and-layout.md

# A region is above the first threshold, the model's default. A region that fills its rectangle
# badly may be two lines joined by faint pixels: it is split at the next threshold.
THRESHOLDS = (0.3, 0.6, 0.85)
SPLIT_BELOW_SCORE = 0.6
MIN_BOX_SCORE = 0.5  # the model's default
SHRINK_RATIO = 0.3  # of the training labels, as measured on the model's output
MIN_CORE_SIDE_PX = 3.0  # view pixels; smaller regions are noise
BORDER_GAP_RATIO = 0.2  # of a box's shorter side; nearer to the border, the box is cut off by it
MIN_BORDER_COSINE = 0.9  # of the angle between a box side's normal and that of the border
MAX_REGIONS = 3000  # per map, largest first: bounds the time for an image of pure noise

ProbabilityMap = npt.NDArray[np.uint8]
"""(H, W) uint8: probability that a view pixel is in the core of a line; 255 means 1."""

CERTAIN = 255

Contour = npt.NDArray[np.int32]


def run_detector(session: Session, view: Pixels) -> ProbabilityMap:
    """Return the probability map of a view; rows without contrast are skipped.

    Args:
        session: of the detection model.
        view: (H, W, 3), H and W multiples of 32.
    """
    probabilities = np.zeros(view.shape[:2], np.uint8)
    for top, bottom in content_bands(view):
        output = session.run(to_tensor(view[top:bottom]))[0, 0]
        probabilities[top:bottom] = cv2.convertScaleAbs(output, alpha=CERTAIN)
    return probabilities


def find_boxes(probabilities: ProbabilityMap) -> list[tuple[Points, float]]:
    """Return corners (4, 2) in map pixels and score of each text region."""
    found = _boxes_above(probabilities, 0)
    if len(found) > MAX_REGIONS:
        found.sort(key=lambda box: -shorter_side(box[0]))
    return found[:MAX_REGIONS]


def find_contours(probabilities: ProbabilityMap) -> list[Points]:
    """Return the full contour (N, 2) of each text region, of any shape, in map pixels."""
    regions = _regions_above(probabilities, THRESHOLDS[0], cv2.CHAIN_APPROX_NONE)
    return [region[:, 0].astype(np.float64) for region in regions]


def find_faint_boxes(probabilities: ProbabilityMap, threshold: float) -> list[Points]:
    """Return corners (4, 2) in map pixels of all that may be text, however faint or small.

    Args:
        probabilities: the map.
        threshold: lowest probability of possible text, 0 to 1.
    """
    cores = (cv2.minAreaRect(region) for region in _regions_above(probabilities, threshold))
    return [unclip(upright_corners(core), SHRINK_RATIO) for core in cores]


def text_heights(probabilities: ProbabilityMap, threshold: float) -> list[float]:
    """Return the heights in map pixels of all that may be text.

    The height of a curved line is that of its stroke, not of its rectangle. Four times the area
    over the perimeter is the side of a square, and twice the width of a long stroke.
    """
    heights = []
    for region in _regions_above(probabilities, threshold):
        core = cv2.minAreaRect(region)
        stroke = 4 * cv2.contourArea(region) / max(cv2.arcLength(region, closed=True), 1.0)
        height = shorter_side(unclip(upright_corners(core), SHRINK_RATIO))
        heights.append(height * min(1.0, stroke / max(min(core[1]), 1.0)))
    return heights


def unclip(corners: Points, shrink_ratio: float) -> Points:
    """Return the rectangle (4, 2) of a text, given that of its core.

    Inverts the detector's training labels. The core of a W x H text is smaller by
    ``d = shrink_ratio * W * H / (W + H)`` on each side. For a w x h core, d therefore solves
    ``4 (1 - r) d^2 + (1 - 2 r) (w + h) d - r * w * h = 0`` with r the shrink ratio.
    """
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = math.hypot(*along), math.hypot(*down)
    if width < 1e-9 or height < 1e-9:
        return corners
    a, b = 4 * (1 - shrink_ratio), (1 - 2 * shrink_ratio) * (width + height)
    distance = (math.sqrt(b * b + 4 * a * shrink_ratio * width * height) - b) / (2 * a)
    right, below = along / width * distance, down / height * distance
    grown: Points = corners + np.array(
        [-right - below, right - below, right + below, below - right]
    )
    return grown


def extend_to_border(box: Box, width: int, height: int) -> Box:
    """Return the box with those sides moved to the image border that almost reach it.

    The detector stops short of a glyph that the border cuts off, and the recognizer then
    misreads it.

    Args:
        box: in image pixels.
        width: of the image, pixels.
        height: of the image, pixels.
    """
    border = image_corners(width, height)
    max_gap = BORDER_GAP_RATIO * min(box.width, box.height)
    low, high = box.corners.min(axis=0), box.corners.max(axis=0)
    if min(*(low - border[0]), *(border[2] - high)) >= max_gap:
        return box
    corners = box.corners.copy()
    for side in ([0, 1], [1, 2], [2, 3], [3, 0]):
        middle = box.corners[side].mean(axis=0)
        outward = middle - box.corners.mean(axis=0)
        outward /= max(float(np.linalg.norm(outward)), 1e-9)
        axis = int(np.argmax(np.abs(outward)))
        if abs(outward[axis]) < MIN_BORDER_COSINE:
            continue
        edge = border[2 if outward[axis] > 0 else 0, axis]
        gap = (edge - middle[axis]) / outward[axis]
        if 0 < gap < max_gap:
            corners[side] += gap * outward
    return Box(corners, box.score)


def _boxes_above(probabilities: ProbabilityMap, level: int) -> list[tuple[Points, float]]:
    """Return boxes above ``THRESHOLDS[level]``; badly filled ones are split at the next level."""
    found: list[tuple[Points, float]] = []
    for contour in _regions_above(probabilities, THRESHOLDS[level]):
        corners = upright_corners(cv2.minAreaRect(contour))
        if shorter_side(corners) < MIN_CORE_SIDE_PX:
            continue
        score = _mean_inside(probabilities, corners)
        if score < SPLIT_BELOW_SCORE and level + 1 < len(THRESHOLDS) and len(found) < MAX_REGIONS:
            x, y, width, height = cv2.boundingRect(contour)
            inside = np.zeros((height, width), np.uint8)
            cv2.drawContours(inside, [contour], 0, (1,), cv2.FILLED, offset=(-x, -y))
            parts = _boxes_above(probabilities[y : y + height, x : x + width] * inside, level + 1)
            if len(parts) > 1 or score < MIN_BOX_SCORE:
                found += [(part + np.array([x, y]), part_score) for part, part_score in parts]
                continue
        if score >= MIN_BOX_SCORE:
            found.append((unclip(corners, SHRINK_RATIO), score))
    return found


def _regions_above(
    probabilities: ProbabilityMap, threshold: float, method: int = cv2.CHAIN_APPROX_SIMPLE
) -> Sequence[Contour]:
    """Return the contours of regions above a probability, 0 to 1; of too many, the largest."""
    _, mask = cv2.threshold(probabilities, threshold * CERTAIN, 1, cv2.THRESH_BINARY)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8), dst=mask)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, method)
    if len(contours) > MAX_REGIONS:
        contours = sorted(contours, key=lambda contour: -sum(cv2.boundingRect(contour)[2:]))
    return [np.asarray(contour, dtype=np.int32) for contour in contours[:MAX_REGIONS]]


def _mean_inside(probabilities: ProbabilityMap, corners: Points) -> float:
    """Return the mean probability, 0 to 1, inside a quad (4, 2); 0 outside the map."""
    height, width = probabilities.shape
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    window = probabilities[low[1] : high[1] + 1, low[0] : high[0] + 1]
    inside = np.zeros(window.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(corners - low).astype(np.int32)], (1,))
    return float(cv2.mean(window, mask=inside)[0]) / CERTAIN
