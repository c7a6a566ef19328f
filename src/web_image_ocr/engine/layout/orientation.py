"""Estimate the rotation of an image's text, and tell what a rotated view must cover.

The long sides of the boxes give the tilt, which leaves two directions: upright and upside down.
A few good lines are recognized in both; the higher sum of confidence decides. Angles are in
degrees, clockwise as seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.geometry import (
    BoundsIndex,
    Box,
    Points,
    image_corners,
    intersection_area,
    rotate_quad_90,
)
from web_image_ocr.engine.page import TextLine
from web_image_ocr.engine.recognition.recognizer import ROTATED_180, LineRecognizer
from web_image_ocr.primitives.pixels import Pixels

# Measurements: docs/engine-notes/detection-and-layout.md

_MIN_ASPECT_RATIO = 1.5  # of a box whose long side shows a direction
_TOLERANCE_DEG = 5.0  # directions this close support each other
# Upright and sideways win over a heavier direction with this share of its support: images are
# far more often straight than tilted, even under a slanted watermark.
_MIN_STRAIGHT_SHARE = 0.2
_MAX_IGNORED_TILT_DEG = 2.0  # crops follow their boxes anyway, and a straight view is sharper
_PROBED_LINES = 5
_MAX_PROBE_ASPECT_RATIO = 10.0  # a longer line is cut: this is enough to tell up from down
_AREA_MARGIN_LINES = 1.5  # line heights around the text, for text that was missed at its edge
_SAME_LINE_DEG = 20.0  # largest angle between two boxes of the same line
_MAX_COVERED_SHARE = 0.5  # of a box by recognized lines, or it counts as recognized


def estimate_text_angle(pixels: Pixels, boxes: Sequence[Box], recognizer: LineRecognizer) -> float:
    """Return the clockwise rotation of most text, 0 to 360 degrees; 0 without boxes."""
    lines = [box.along_long_side() for box in boxes]
    elongated = [line for line in lines if line.width >= _MIN_ASPECT_RATIO * line.height] or lines
    if not elongated:
        return 0.0
    directions = np.array([line.direction % 180.0 for line in elongated])
    weights = np.array([line.width for line in elongated])
    tilt = dominant_direction(directions, weights)
    near = _differences(directions, tilt) <= _TOLERANCE_DEG
    along = [elongated[i] for i in np.flatnonzero(near)]
    return _choose_upright(pixels, along, tilt, recognizer)


def dominant_direction(
    directions: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> float:
    """Return the mode of directions, 0 to 180 degrees, by weight.

    Unlike the mean, the mode of a page does not follow a stamp across it.
    """
    candidates = np.concatenate([directions, [0.0, 90.0]])
    closeness = (1.0 - _differences(directions, each) / (2 * _TOLERANCE_DEG) for each in candidates)
    support = np.array([np.maximum(0.0, each) @ weights for each in closeness])
    best = int(np.argmax(np.round(support, 6)))
    straight = len(directions) + int(support[-1] > support[-2])
    if support[straight] >= _MIN_STRAIGHT_SHARE * support[best]:
        best = straight
    near = _differences(directions, float(candidates[best])) <= _TOLERANCE_DEG
    if not near.any():
        return float(candidates[best] % 180.0)
    offsets = (directions[near] - candidates[best] + 90.0) % 180.0 - 90.0
    return float((candidates[best] + np.average(offsets, weights=weights[near])) % 180.0)


def text_area(boxes: Sequence[Box], width: int, height: int) -> Points:
    """Return points (N, 2) that enclose all boxes with a margin, inside the image.

    A rotated image has empty corners. A view of the text alone shows it larger.

    Args:
        boxes: at least one, in image pixels.
        width: of the image, pixels.
        height: of the image, pixels.
    """
    corners = np.concatenate([box.corners for box in boxes])
    margin = _AREA_MARGIN_LINES * float(np.median([min(box.width, box.height) for box in boxes]))
    shifts = [(x, y) for x in (-margin, margin) for y in (-margin, margin)]
    points = np.concatenate([corners + shift for shift in shifts])
    inside: Points = np.clip(points, *image_corners(width, height)[[0, 2]])
    return inside


def unrecognized_boxes(boxes: Sequence[Box], lines: Sequence[TextLine]) -> list[Box]:
    """Return the boxes that are mostly outside of the recognized lines: skewed text."""
    recognized = [Box(np.array(line.quad), line.confidence).along_long_side() for line in lines]
    index = BoundsIndex([line.corners for line in recognized])
    rest = []
    for box in boxes:
        overlapping = [recognized[i] for i in index.overlapping(box.corners)]
        covered = sum(covered_share(box.along_long_side(), line) for line in overlapping)
        if covered < _MAX_COVERED_SHARE:
            rest.append(box)
    return rest


def covered_share(box: Box, line: Box) -> float:
    """Return the share of a box that a line covers, both along their long sides.

    A line of the same direction and about the same height is the same text, perhaps detected in
    part: then the share is that of the smaller one.
    """
    difference = abs((box.direction - line.direction + 90.0) % 180.0 - 90.0)
    same = difference <= _SAME_LINE_DEG and line.height >= box.height / 2
    whole = min(box.area, line.area) if same else box.area
    return intersection_area(box.corners, line.corners) / max(whole, 1.0)


def _choose_upright(
    pixels: Pixels, lines: Sequence[Box], tilt: float, recognizer: LineRecognizer
) -> float:
    """Return ``tilt`` or its opposite: that in which its lines are recognized better."""
    votes = np.zeros(2)
    by_weight = sorted(lines, key=lambda line: (-line.score * line.width, line.corners.tolist()))
    for line in by_weight[:_PROBED_LINES]:
        corners = _shortened(_directed(line, tilt)).corners
        for side, turns in enumerate((0, ROTATED_180)):
            decoded = recognizer.recognize(pixels, rotate_quad_90(corners, turns)).decoded
            votes[side] += decoded.mean_confidence * len(decoded.text)
    angle = tilt if votes[0] >= votes[1] else tilt + 180.0
    straight = 90.0 * round(angle / 90.0)
    return (straight if abs(angle - straight) < _MAX_IGNORED_TILT_DEG else angle) % 360.0


def _directed(box: Box, tilt: float) -> Box:
    """Return the box with its first edge along ``tilt`` instead of against it."""
    against = abs((box.direction - tilt + 180.0) % 360.0 - 180.0) > 90.0
    return replace(box, corners=rotate_quad_90(box.corners, ROTATED_180)) if against else box


def _shortened(box: Box) -> Box:
    """Return the start of a box, cut to the aspect ratio of a probe."""
    keep = min(1.0, _MAX_PROBE_ASPECT_RATIO * box.height / box.width)
    a, b, c, d = box.corners
    return replace(box, corners=np.array([a, a + keep * (b - a), d + keep * (c - d), d]))


def _differences(directions: npt.NDArray[np.float64], tilt: float) -> npt.NDArray[np.float64]:
    """Return the angles, 0 to 90 degrees, between undirected lines and ``tilt``."""
    differences: npt.NDArray[np.float64] = np.abs((directions - tilt + 90.0) % 180.0 - 90.0)
    return differences
