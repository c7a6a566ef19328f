"""By what angle the text of a picture is turned.

The tilt comes from the long sides of the boxes and leaves two ways open, head up and head
down. A few good lines are read both ways; the surer sum decides. Angles are in degrees,
clockwise as seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.geometry import Box, rotate_quad_90
from web_image_ocr.engine.recognition.recognizer import ROTATED_180, LineRecognizer
from web_image_ocr.primitives.pixels import Pixels

# A box tells a direction when it is this much longer than high.
_ELONGATED = 1.5
# Directions within this many degrees support each other.
_SPREAD = 5.0
# Pictures lie straight or on a side far more often than askew: those two directions win over
# a heavier one when this share of its support lies on them (a slanting watermark all over).
_STRAIGHT_SHARE = 0.2
# Less tilt than this against upright or a side, in degrees, is left to the boxes: their crops are
# turned anyway, and a straight view is not blurred.
_NEGLIGIBLE = 2.0
_WITNESSES = 5
# A witness is cut to this ratio of length to height: enough to tell head from foot.
_WITNESS_LENGTH = 10.0


def text_angle(pixels: Pixels, boxes: Sequence[Box], reader: LineRecognizer) -> float:
    """Degrees, 0 to 360, by which most text is turned clockwise; 0 without boxes."""
    lines = [box.along_long_side() for box in boxes]
    telling = [line for line in lines if line.width >= _ELONGATED * line.height] or lines
    if not telling:
        return 0.0
    directions = np.array([line.direction % 180.0 for line in telling])
    weights = np.array([line.width for line in telling])
    tilt = dominant_direction(directions, weights)
    gaps = _gaps(directions, tilt)
    along = [line for line, gap in zip(telling, gaps, strict=True) if gap <= _SPREAD]
    return _head_up(pixels, along, tilt, reader)


def _head_up(pixels: Pixels, lines: Sequence[Box], tilt: float, reader: LineRecognizer) -> float:
    """``tilt`` or its opposite, whichever way the lines that lie along it read better."""
    votes = np.zeros(2)
    witnesses = sorted(lines, key=lambda line: (-line.score * line.width, line.corners.tolist()))
    for line in witnesses[:_WITNESSES]:
        corners = _shortened(_facing(line, tilt)).corners
        for side, turns in enumerate((0, ROTATED_180)):
            reading = reader.recognize(pixels, rotate_quad_90(corners, turns)).decoded
            votes[side] += reading.mean_confidence * len(reading.text)
    angle = tilt if votes[0] >= votes[1] else tilt + 180.0
    straight = 90.0 * round(angle / 90.0)
    return (straight if abs(angle - straight) < _NEGLIGIBLE else angle) % 360.0


def dominant_direction(
    directions: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> float:
    """The direction, 0 to 180 degrees, that most of the weight lies around.

    The mode, not the mean: a stamp across the page must not tilt the page.
    """
    candidates = np.concatenate([directions, [0.0, 90.0]])
    support = np.array(
        [
            np.maximum(0.0, 1.0 - _gaps(directions, candidate) / (2 * _SPREAD)) @ weights
            for candidate in candidates
        ]
    )
    best = int(np.argmax(np.round(support, 6)))
    straight = len(directions) + int(support[-1] > support[-2])
    if support[straight] >= _STRAIGHT_SHARE * support[best]:
        best = straight
    near = _gaps(directions, float(candidates[best])) <= _SPREAD
    if not near.any():
        return float(candidates[best] % 180.0)
    offsets = (directions[near] - candidates[best] + 90.0) % 180.0 - 90.0
    return float((candidates[best] + np.average(offsets, weights=weights[near])) % 180.0)


def _facing(box: Box, tilt: float) -> Box:
    """The box with its first edge along ``tilt`` rather than against it."""
    against = abs((box.direction - tilt + 180.0) % 360.0 - 180.0) > 90.0
    return replace(box, corners=rotate_quad_90(box.corners, ROTATED_180)) if against else box


def _shortened(box: Box) -> Box:
    keep = min(1.0, _WITNESS_LENGTH * box.height / box.width)
    a, b, c, d = box.corners
    return replace(box, corners=np.array([a, a + keep * (b - a), d + keep * (c - d), d]))


def _gaps(directions: npt.NDArray[np.float64], tilt: float) -> npt.NDArray[np.float64]:
    """Degrees, 0 to 90, between each direction and ``tilt``, ends not told apart."""
    gaps: npt.NDArray[np.float64] = np.abs((directions - tilt + 90.0) % 180.0 - 90.0)
    return gaps
