"""Found lines and labelled boxes brought together by the overlap of their polygons."""

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
"""(N, 2) corners of a convex polygon, pixels."""

ENOUGH = 0.5
"""Share of overlap from which on two boxes belong together, as is usual in text detection."""


@dataclass(frozen=True, slots=True)
class Match:
    """Represent a found line with the labels it covers.

    Attributes:
        line: position of the found line.
        labels: positions of the labels, along the line's direction.
        text: the labels' texts joined, without spaces, normalised; none if the line holds an
            ignored label too, so that its text cannot be judged.
    """

    line: int
    labels: tuple[int, ...]
    text: str | None


def outside_ignored(found: Iterable[FoundLine], labels: Iterable[Label]) -> list[FoundLine]:
    """Return the found lines whose centre is outside all ignored quads."""
    ignored = [label.quad for label in labels if label.ignore and label.quad is not None]
    return [line for line in found if not any(holds(quad, line.quad) for quad in ignored)]


def holds(quad: Points, other: Points) -> bool:
    """Tell whether the centre of the other quad is in this quad or on its edge."""
    x, y = other.mean(axis=0)
    return cv2.pointPolygonTest(quad.astype(np.float32), (float(x), float(y)), False) >= 0


def has_box(label: Label) -> bool:
    """Tell whether the label can be matched by overlap: scored, tight, with an area."""
    scored = not (label.ignore or label.loose)
    return scored and label.quad is not None and area(hull_of(label.quad)) > 0


def match(labels: Sequence[Label], found: Sequence[FoundLine]) -> list[Match]:
    """Pairs found lines with the labels they cover, IoU >= 0.5.

    Each label that `has_box` goes to the line that overlaps it best among those that hold at
    least half of it. The labels of a line are taken together if the hull around them matches the
    line; if not, the label that matches best alone, if any. A label without area (a dash) is
    matched with nothing, but its text is part of the line that holds it.

    Args:
        labels: all of the image.
        found: lines that are not left out.
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
            inside = [at for at in others if holds(quad, quads[at])]
            texts = [labels[at].text for at in along(quad, [*group, *inside], quads)]
            judged = not any(labels[at].ignore for at in inside)
            text = unspaced("".join(texts)) if judged else None
            matches.append(Match(line, tuple(along(quad, group, quads)), text))
    return matches


def overlap(one: Hull, other: Hull) -> float:
    """Intersection over union of two convex polygons, 0 to 1."""
    both = shared(one, other)
    return both / max(area(one) + area(other) - both, 1e-9)


def _best_line(label: Hull, lines: Sequence[Hull]) -> int | None:
    enough = ENOUGH * area(label)
    candidates = [at for at, line in enumerate(lines) if shared(label, line) >= enough]
    return max(candidates, key=lambda at: overlap(label, lines[at]), default=None)


def _matching_part(group: list[int], boxes: Mapping[int, Hull], line: Hull) -> list[int]:
    if overlap(hull_of(np.vstack([boxes[at] for at in group])), line) >= ENOUGH:
        return group
    best = max(group, key=lambda at: overlap(boxes[at], line))
    return [best] if overlap(boxes[best], line) >= ENOUGH else []


def along(line: Points, group: Iterable[int], quads: Mapping[int, Points]) -> list[int]:
    """Return the group in the line's order, along its longer side."""
    sides = line[[1, 3]] - line[0]
    direction = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    return sorted(group, key=lambda at: float(quads[at].mean(axis=0) @ direction))


def hull_of(points: npt.ArrayLike) -> Hull:
    """Return the convex hull of (N, 2) points."""
    hull = cv2.convexHull(np.asarray(points, dtype=np.float32))
    return np.asarray(hull, dtype=np.float32).reshape(-1, 2)


def area(hull: Hull) -> float:
    """Square pixels."""
    return cv2.contourArea(hull)


def shared(one: Hull, other: Hull) -> float:
    """Return the intersection area of two convex polygons, square pixels."""
    if (one.max(axis=0) < other.min(axis=0)).any() or (other.max(axis=0) < one.min(axis=0)).any():
        return 0.0
    return cv2.intersectConvexConvex(one, other)[0]
