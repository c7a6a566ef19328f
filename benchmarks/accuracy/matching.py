"""Match found lines with labelled boxes by the overlap of their polygons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.dataset import Label, Points
from benchmarks.engines import FoundLine
from benchmarks.text import unspaced

Hull = npt.NDArray[np.float32]
"""(N, 2) corners of a convex polygon, in pixels."""

MIN_OVERLAP = 0.5
"""Overlap from which two boxes match, as usual in text detection."""


@dataclass(frozen=True, slots=True)
class Match:
    """Represent a found line with the labels it covers.

    Attributes:
        line: Index of the found line.
        labels: Indexes of the labels, along the line's direction.
        text: Labels' texts, joined, normalized, without spaces; None if the line also contains an
            ignored label, so that its text cannot be judged.
    """

    line: int
    labels: tuple[int, ...]
    text: str | None


def outside_ignored(found: Iterable[FoundLine], labels: Iterable[Label]) -> list[FoundLine]:
    """Return the found lines whose centre is outside all ignored quads."""
    ignored = [label.quad for label in labels if label.ignore and label.quad is not None]
    return [line for line in found if not any(contains_centre(quad, line.quad) for quad in ignored)]


def contains_centre(quad: Points, other: Points) -> bool:
    """Return whether the centre of the other quad is inside this one or on its edge."""
    x, y = other.mean(axis=0)
    return cv2.pointPolygonTest(quad.astype(np.float32), (float(x), float(y)), False) >= 0


def has_box(label: Label) -> bool:
    """Return whether a label can be matched by overlap: scored, tight, area above 0."""
    scored = not (label.ignore or label.loose)
    return scored and label.quad is not None and area(hull_of(label.quad)) > 0


def match_lines(labels: Sequence[Label], found: Sequence[FoundLine]) -> list[Match]:
    """Match found lines with the labels they cover, IoU >= 0.5.

    Each label that `has_box` goes to the line with the highest IoU among those that contain half
    of it. The labels of a line match together if their common hull matches the line; otherwise
    only the best one does, if any. A label without area (a dash) does not match, but its text is
    part of the line that contains it.

    Args:
        labels: All labels of the image.
        found: Lines outside ignored labels.
    """
    quads = {at: label.quad for at, label in enumerate(labels) if label.quad is not None}
    boxes = {at: hull_of(quad) for at, quad in quads.items() if has_box(labels[at])}
    others = [at for at in quads if at not in boxes and not labels[at].loose]
    line_hulls = [hull_of(line.quad) for line in found]
    covered: dict[int, list[int]] = defaultdict(list)
    for at, hull in boxes.items():
        line = _best_line(hull, line_hulls)
        if line is not None:
            covered[line].append(at)
    matches = []
    for line, candidates in sorted(covered.items()):
        quad, group = found[line].quad, _matching_part(candidates, boxes, line_hulls[line])
        if group:
            inside = [at for at in others if contains_centre(quad, quads[at])]
            texts = [labels[at].text for at in sort_along(quad, [*group, *inside], quads)]
            judged = not any(labels[at].ignore for at in inside)
            text = unspaced("".join(texts)) if judged else None
            matches.append(Match(line, tuple(sort_along(quad, group, quads)), text))
    return matches


def iou(one: Hull, other: Hull) -> float:
    """Return the intersection over union (IoU) of two convex polygons, 0 to 1."""
    both = intersection_area(one, other)
    return both / max(area(one) + area(other) - both, 1e-9)


def _best_line(label: Hull, lines: Sequence[Hull]) -> int | None:
    enough = MIN_OVERLAP * area(label)
    candidates = [at for at, line in enumerate(lines) if intersection_area(label, line) >= enough]
    return max(candidates, key=lambda at: iou(label, lines[at]), default=None)


def _matching_part(group: list[int], boxes: Mapping[int, Hull], line: Hull) -> list[int]:
    if iou(hull_of(np.vstack([boxes[at] for at in group])), line) >= MIN_OVERLAP:
        return group
    best = max(group, key=lambda at: iou(boxes[at], line))
    return [best] if iou(boxes[best], line) >= MIN_OVERLAP else []


def sort_along(line: Points, group: Iterable[int], quads: Mapping[int, Points]) -> list[int]:
    """Sort labels along the longer side of a line."""
    sides = line[[1, 3]] - line[0]
    direction = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    return sorted(group, key=lambda at: float(quads[at].mean(axis=0) @ direction))


def hull_of(points: npt.ArrayLike) -> Hull:
    """Return the convex hull of (N, 2) points."""
    hull = cv2.convexHull(np.asarray(points, dtype=np.float32))
    return np.asarray(hull, dtype=np.float32).reshape(-1, 2)


def area(hull: Hull) -> float:
    """Return the area in square pixels."""
    return cv2.contourArea(hull)


def intersection_area(one: Hull, other: Hull) -> float:
    """Return the intersection area of two convex polygons in square pixels."""
    if (one.max(axis=0) < other.min(axis=0)).any() or (other.max(axis=0) < one.min(axis=0)).any():
        return 0.0
    return cv2.intersectConvexConvex(one, other)[0]
