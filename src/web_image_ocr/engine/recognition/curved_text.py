"""Bent lines: read off their unrolled strips, and kept where they say more than straight ones."""

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
from web_image_ocr.engine.recognition.recognizer import (
    HIGH_CONFIDENCE,
    ROTATED_180,
    SHORT_TEXT_LENGTH,
    UPRIGHT,
    LineRecognizer,
    RecognizedLine,
)
from web_image_ocr.primitives.pixels import Pixels

# Of one line, in another: both are in the same place. A straight box around a tight arc has half
# of its text beside it.
SHARED = 0.4
# A bent reading has to say more by this factor: straight lines are the rule. On street scenes
# what says about as much is as often right the one way as the other.
MORE = 1.1
# A line that leaves its strip makes the next one longer, by this factor or more.
GROWN = 1.1
REFITS = 3
MAX_STRIP_PIXELS = (
    2_000_000  # pixels of strips after which no more arcs are looked at: bounds the work
)
_STEPS = np.linspace(0.0, 1.0, 17)[:, None]  # along a line


@dataclass(frozen=True, slots=True)
class CurvedLine:
    """What a bent line says.

    Attributes:
        line: the reading; its corners are those of the least rectangle around the line,
            clockwise, from the one at which an edge begins that runs as the line's middle does.
        outline: (34, 2), along the line's top and back along its bottom, pixels of the picture.
    """

    line: RecognizedLine
    outline: Points


def recognize_curved(
    regions: Iterable[Points], survey: MultiScaleDetector, reader: LineRecognizer
) -> list[CurvedLine]:
    """What is read surely off bent regions of the survey's picture, from either end."""
    lines: list[CurvedLine] = []
    shown = 0
    for arc in fit_arcs(regions):
        if shown > MAX_STRIP_PIXELS:
            break
        fitted, strip, found, looks = _seen(arc, survey)
        shown += looks * strip.shape[0] * strip.shape[1]
        for box in found.boxes:
            ways = [rotate_quad_90(box.corners, turns) for turns in (UPRIGHT, ROTATED_180)]
            readings = [reader.recognize(strip, corners) for corners in ways]
            best = max(readings, key=lambda found: found.decoded.mean_confidence)
            if (
                best.decoded.mean_confidence >= HIGH_CONFIDENCE
                and len(best.decoded.text) > SHORT_TEXT_LENGTH
            ):
                outline = fitted.to_image(_outline(best.corners))
                lines.append(CurvedLine(replace(best, corners=_around(outline)), outline))
    return lines


def _seen(arc: Arc, survey: MultiScaleDetector) -> tuple[Arc, Pixels, Detections, int]:
    """The arc as it fits best, its strip, where the text of that is, and how many were seen."""
    strip, found = _unrolled(arc, survey)
    looks = 1
    for _ in range(REFITS):
        fitted = _fitted(arc, found.regions)
        if fitted is None:
            break
        grown = fitted.extent > GROWN * arc.extent
        arc = fitted
        strip, found = _unrolled(arc, survey)
        looks += 1
        if not grown:
            break
    return arc, strip, found, looks


def _unrolled(arc: Arc, survey: MultiScaleDetector) -> tuple[Pixels, Detections]:
    strip = arc.unroll(survey.pixels)
    return strip, replace(survey, pixels=strip).detect(image_corners(*strip.shape[1::-1]))


def _fitted(arc: Arc, regions: Sequence[Points]) -> Arc | None:
    """The arc as the detector shows it once it is nearly straight, if it does."""
    longest = max(regions, key=lambda region: float(np.ptp(region[:, 0])), default=None)
    return None if longest is None else fit_arc(arc.to_image(longest))


def resolve_overlaps(
    straight: Sequence[TextLine], bent: Iterable[tuple[TextLine, Points]]
) -> list[TextLine]:
    """All lines, but where some are in the same place, those that say most.

    Args:
        straight: lines that are not in each other's place.
        bent: lines with their outlines, as of `CurvedLine`.
    """
    best_first = sorted(bent, key=lambda one: -_worth(one[0]))
    lines = [*straight, *(line for line, _ in best_first)]
    outlines = [_outline(np.array(line.quad)) for line in straight]
    outlines += [outline for _, outline in best_first]
    places = BoundsIndex(outlines)
    kept = set(range(len(straight)))
    for index in range(len(straight), len(lines)):
        outline = outlines[index]
        met = kept.intersection(places.overlapping(outline))
        rivals = [other for other in met if _same_place(outlines[other], outline)]
        if MORE * sum(_worth(lines[rival]) for rival in rivals) < _worth(lines[index]):
            kept = kept.difference(rivals) | {index}
    return [lines[index] for index in sorted(kept)]


def _worth(line: TextLine) -> float:
    """How many characters a line has, each counted by how likely it is right."""
    count = len(line.text.replace(" ", ""))
    return float(count * line.confidence ** (1 / max(count, 1)))


def _outline(corners: Points) -> Points:
    a, b, c, d = corners
    return np.concatenate([a + _STEPS * (b - a), c + _STEPS * (d - c)])


def _same_place(one: Points, other: Points) -> bool:
    """Whether a good part of either line lies in the other."""
    return max(_shared(one, other), _shared(other, one)) > SHARED


def _shared(line: Points, outline: Points) -> float:
    """How much of a line lies in an outline, 0 to 1."""
    top, bottom = np.split(line, 2)
    places = np.concatenate([top + part * (bottom[::-1] - top) for part in (0.25, 0.5, 0.75)])
    polygon = outline.astype(np.float32)
    inside = [cv2.pointPolygonTest(polygon, (float(x), float(y)), False) >= 0 for x, y in places]
    return sum(inside) / len(inside)


def _around(outline: Points) -> Points:
    """The least rectangle (4, 2) around a line; its first edge runs as the line's middle does."""
    corners = upright_corners(cv2.minAreaRect(outline.astype(np.float32)))
    half = len(_STEPS) // 2
    onward = (rotate_quad_90(corners, 1) - corners) @ (outline[half + 1] - outline[half - 1])
    return rotate_quad_90(corners, int(np.argmax(onward)))
