"""Found lines and labelled boxes brought together by the overlap of their polygons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.dataset import Label, Points
from benchmarks.accuracy.text import unspaced

Hull = npt.NDArray[np.float32]
"""(N, 2) corners of a convex polygon, pixels."""

_ENOUGH = 0.5  # share of overlap, as is usual in text detection


@dataclass(frozen=True, slots=True)
class FoundLine:
    """What an engine found.

    Attributes:
        text: of the line.
        quad: (4, 2) pixels of the picture handed in; the first corner is the upper left of the
            text as the engine sees it, the others follow clockwise.
        confidence: 0 to 1, or none if the engine gives none.
    """

    text: str
    quad: Points
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Match:
    """A found line with the labels it covers.

    Attributes:
        line: position of the found line.
        labels: positions of the labels, along the line's direction.
        text: the labels' texts joined, without spaces, normalised.
    """

    line: int
    labels: tuple[int, ...]
    text: str


def outside_ignored(found: Iterable[FoundLine], labels: Iterable[Label]) -> list[FoundLine]:
    """The found lines whose centre lies in no ignored quad."""
    ignored = [
        label.quad.astype(np.float32) for label in labels if label.ignore and label.quad is not None
    ]
    return [line for line in found if not any(holds(quad, line) for quad in ignored)]


def holds(quad: cv2.typing.MatLike, line: FoundLine) -> bool:
    """Whether the line's centre lies in the float32 quad or on its edge."""
    x, y = line.quad.mean(axis=0)
    return cv2.pointPolygonTest(quad, (float(x), float(y)), False) >= 0


def has_box(label: Label) -> bool:
    """Whether the label can be matched by overlap: scored, tight, and of some area."""
    return (
        not (label.ignore or label.loose)
        and label.quad is not None
        and cv2.contourArea(_hull(label.quad)) > 0
    )


def match(labels: Sequence[Label], found: Sequence[FoundLine]) -> list[Match]:
    """Pairs each found line with the labels it covers, IoU >= 0.5.

    Each label goes to the line that overlaps it best among those that hold at least half of it.
    The labels of a line are taken together if the hull around them matches the line; if not,
    the one that matches best alone, if any.

    Args:
        labels: those that `has_box`.
        found: lines that are not left out.
    """
    label_hulls = [_hull(label.quad) for label in labels if label.quad is not None]
    line_hulls = [_hull(line.quad) for line in found]
    covered: dict[int, list[int]] = defaultdict(list)
    for position, hull in enumerate(label_hulls):
        line = _best_line(hull, line_hulls)
        if line is not None:
            covered[line].append(position)
    groups = {
        line: _matching_part(group, label_hulls, line_hulls[line])
        for line, group in covered.items()
    }
    return [
        _joined(line, found[line].quad, group, labels)
        for line, group in sorted(groups.items())
        if group
    ]


def overlap(one: Hull, other: Hull) -> float:
    """Intersection over union of two convex polygons, 0 to 1."""
    shared = _shared(one, other)
    return shared / max(_area(one) + _area(other) - shared, 1e-9)


def _best_line(label: Hull, lines: Sequence[Hull]) -> int | None:
    enough = _ENOUGH * _area(label)
    candidates = [at for at, line in enumerate(lines) if _shared(label, line) >= enough]
    return max(candidates, key=lambda at: overlap(label, lines[at]), default=None)


def _matching_part(group: list[int], labels: Sequence[Hull], line: Hull) -> list[int]:
    if overlap(_hull(np.vstack([labels[at] for at in group])), line) >= _ENOUGH:
        return group
    best = max(group, key=lambda at: overlap(labels[at], line))
    return [best] if overlap(labels[best], line) >= _ENOUGH else []


def _joined(line: int, quad: Points, group: Sequence[int], labels: Sequence[Label]) -> Match:
    """The labels in the order in which the line runs: along its longer side."""
    sides = quad[[1, 3]] - quad[0]
    along = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    ordered = tuple(sorted(group, key=lambda at: float(_centre(labels[at]) @ along)))
    return Match(line, ordered, "".join(unspaced(labels[at].text) for at in ordered))


def _centre(label: Label) -> Points:
    assert label.quad is not None
    return np.asarray(label.quad.mean(axis=0), dtype=np.float64)


def _hull(points: npt.ArrayLike) -> Hull:
    hull = cv2.convexHull(np.asarray(points, dtype=np.float32))
    return np.asarray(hull, dtype=np.float32).reshape(-1, 2)


def _area(hull: Hull) -> float:
    return cv2.contourArea(hull)


def _shared(one: Hull, other: Hull) -> float:
    if (one.max(axis=0) < other.min(axis=0)).any() or (other.max(axis=0) < one.min(axis=0)).any():
        return 0.0
    return cv2.intersectConvexConvex(one, other)[0]
