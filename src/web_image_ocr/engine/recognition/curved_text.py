"""Recognize curved lines on their unrolled strips; keep them where they beat straight lines.

The values of the constants were measured: docs/engine-notes/recognition-and-runtime.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from web_image_ocr.engine.detection.multiscale import Detections, MultiScaleDetector
from web_image_ocr.engine.geometry import (
    BoundsIndex,
    Points,
    image_corners,
    rotate_quad_90,
    upright_corners,
)
from web_image_ocr.engine.page import TextLine
from web_image_ocr.engine.recognition.arcs import Arc, fit_arc, fit_arcs
from web_image_ocr.engine.recognition.recognizer import LineRecognizer, RecognizedLine
from web_image_ocr.primitives.pixels import Pixels

# Share of a line in another from which both are one text; a tight arc's box has half beside it.
MIN_OVERLAP_RATIO = 0.4
MIN_GAIN_RATIO = 1.1  # expected correct characters / those of the straight lines it replaces
MIN_GROWTH_RATIO = 1.1  # extent of a refitted arc / before; below, the fit is final
MAX_REFITS = 3
MAX_STRIP_PIXELS = 2_000_000  # of all strips; no further arc is tried after it: bounds the work
_STEPS = np.linspace(0.0, 1.0, 17)[:, None]  # along a line


@dataclass(frozen=True, slots=True)
class CurvedLine:
    """Hold the text of a curved line.

    Attributes:
        line: its corners are the rectangle of least area around the line, clockwise; the first
            edge points in the direction of the line's middle.
        outline: (34, 2), along the line's top and back along its bottom, pixels of the image.
    """

    line: RecognizedLine
    outline: Points


def recognize_curved(
    regions: Iterable[Points], detector: MultiScaleDetector, recognizer: LineRecognizer
) -> list[CurvedLine]:
    """Return the confident lines on curved regions, each read from the better end.

    Args:
        regions: contours (N, 2) in the detector's image.
        detector: of the image, and of the strips.
        recognizer: its deadline and the detector's end the call.
    """
    lines: list[CurvedLine] = []
    strip_pixels = 0
    for arc in fit_arcs(regions):
        if strip_pixels > MAX_STRIP_PIXELS:
            break
        fitted, strip, detections, runs = _fit_strip(arc, detector)
        strip_pixels += runs * strip.shape[0] * strip.shape[1]
        for box in detections.boxes:
            line = recognizer.recognize_either_way(strip, box.corners)
            if line is not None:
                outline = fitted.to_image(_outline(line.corners))
                line = replace(line, corners=_enclosing_rectangle(outline))
                lines.append(CurvedLine(line, outline))
    return lines


def _fit_strip(arc: Arc, detector: MultiScaleDetector) -> tuple[Arc, Pixels, Detections, int]:
    """Return the best fit of an arc, its strip, the text on it, and the number of detections."""
    strip, detections = _detect_on_strip(arc, detector)
    runs = 1
    for _ in range(MAX_REFITS):
        fitted = _refit(arc, detections.regions)
        if fitted is None:
            break
        has_grown = fitted.extent > MIN_GROWTH_RATIO * arc.extent
        arc = fitted
        strip, detections = _detect_on_strip(arc, detector)
        runs += 1
        if not has_grown:
            break
    return arc, strip, detections, runs


def _detect_on_strip(arc: Arc, detector: MultiScaleDetector) -> tuple[Pixels, Detections]:
    strip = arc.unroll(detector.pixels)
    return strip, replace(detector, pixels=strip).detect(image_corners(*strip.shape[1::-1]))


def _refit(arc: Arc, regions: Sequence[Points]) -> Arc | None:
    """Return the arc fitted to the longest region of its strip; None if there is none."""
    longest = max(regions, key=lambda region: float(np.ptp(region[:, 0])), default=None)
    return None if longest is None else fit_arc(arc.to_image(longest))


def resolve_overlaps(
    straight: Sequence[TextLine], curved: Iterable[tuple[TextLine, Points]]
) -> list[TextLine]:
    """Return all lines; where some overlap, those with more correct characters to expect.

    Args:
        straight: lines that do not overlap each other.
        curved: lines with their outlines, as of `CurvedLine`.
    """
    best_first = sorted(curved, key=lambda pair: -_expected_hits(pair[0]))
    lines = [*straight, *(line for line, _ in best_first)]
    outlines = [_outline(np.array(line.quad)) for line in straight]
    outlines += [outline for _, outline in best_first]
    bounds = BoundsIndex(outlines)
    kept = set(range(len(straight)))
    for index in range(len(straight), len(lines)):
        outline = outlines[index]
        near = kept.intersection(bounds.overlapping(outline))
        rivals = [other for other in near if _overlap(outlines[other], outline)]
        rival_hits = sum(_expected_hits(lines[rival]) for rival in rivals)
        if MIN_GAIN_RATIO * rival_hits < _expected_hits(lines[index]):
            kept = kept.difference(rivals) | {index}
    return [lines[index] for index in sorted(kept)]


def _expected_hits(line: TextLine) -> float:
    """Return the number of characters times the geometric mean of their probabilities."""
    count = len(line.text.replace(" ", ""))
    return float(count * line.confidence ** (1 / max(count, 1)))


def _outline(corners: Points) -> Points:
    a, b, c, d = corners
    return np.concatenate([a + _STEPS * (b - a), c + _STEPS * (d - c)])


def _overlap(one: Points, other: Points) -> bool:
    """Return whether a good part of either line is inside the other."""
    return max(_share_inside(one, other), _share_inside(other, one)) > MIN_OVERLAP_RATIO


def _share_inside(line: Points, outline: Points) -> float:
    """Return the share of a line that is inside an outline, 0 to 1."""
    top, bottom = np.split(line, 2)
    samples = np.concatenate([top + part * (bottom[::-1] - top) for part in (0.25, 0.5, 0.75)])
    polygon = outline.astype(np.float32)
    inside = [cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0 for x, y in samples]
    return sum(inside) / len(inside)


def _enclosing_rectangle(outline: Points) -> Points:
    """Return the corners (4, 2) of `CurvedLine.line` for an outline."""
    corners = upright_corners(cv2.minAreaRect(outline.astype(np.float32)))
    half = len(_STEPS) // 2
    along = (rotate_quad_90(corners, 1) - corners) @ (outline[half + 1] - outline[half - 1])
    return rotate_quad_90(corners, int(np.argmax(along)))
