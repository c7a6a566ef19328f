"""Represent boxes as spans along the rows of a page, and link neighbours.

Coordinates are relative to the page: "right" is the direction of its text, "down" 90 degrees
clockwise from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# None of these is tuned: a change by a fifth changes nothing that counts, see
# docs/engine-notes/detection-and-layout.md

_MIN_ASPECT_RATIO = 1.5  # length to height of a box that shows a direction
_MIN_COLUMN_ASPECT_RATIO = 3.0  # height to width of a column of upright glyphs; a lone 1 has less
_MIN_ROW_SHARE = 0.5  # of the lower one's height that neighbours of a row have in common
_MIN_BESIDE_SHARE = 0.8  # the same for a box beside a taller one that has a nearer neighbour
# A box this much taller, and more than its own height away, does not interrupt a row: a note
# written into a table.
_MAX_HEIGHT_RATIO = 1.5
_MAX_OVERLAP_SHARE = 0.5  # of the narrower one's width that neighbours may overlap along the row


@dataclass(frozen=True, slots=True)
class Spans:
    """Hold N boxes in page coordinates, pixels; arrays (N,).

    Attributes:
        left, right: ends along the row.
        start, end: depth of the middle at the left and at the right end. A column belongs to the
            row of its first glyph.
        height: of the text.
        column: bool, whether the span runs down the page.
        top, bottom: of the whole box.
        members: the boxes of each span in reading order; several for a block of columns.
    """

    left: Array
    right: Array
    start: Array
    end: Array
    height: Array
    column: npt.NDArray[np.bool_]
    top: Array
    bottom: Array
    members: list[list[int]]


def is_elongated(corners: Array) -> npt.NDArray[np.bool_]:
    """Return for each quad (N, 4, 2) whether it is long enough to show a direction."""
    both = edge_lengths(corners)
    return np.asarray(both.max(axis=0) >= _MIN_ASPECT_RATIO * both.min(axis=0))


def angles_to(corners: Array, tilt: float) -> Array:
    """Return the angles (N,), -180 to 180 degrees, from ``tilt`` to quads (N, 4, 2)."""
    ahead = corners[:, 1:3].sum(axis=1) - corners[:, [0, 3]].sum(axis=1)
    angles: Array = (np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0])) - tilt + 180.0) % 360.0
    return angles - 180.0


def edge_lengths(corners: Array) -> Array:
    """Return the lengths (2, N) of the first and the last edges of quads (N, 4, 2)."""
    lengths: Array = np.linalg.norm(corners[:, [1, 3]] - corners[:, :1], axis=2).T
    return lengths


def to_spans(corners: Array, tilt: float) -> Spans:
    """Return quads (N, 4, 2) as spans; columns that belong together are one span.

    Args:
        corners: of a page.
        tilt: direction of its text, degrees clockwise from right.
    """
    cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    page = corners @ np.array([[cos, -sin], [sin, cos]])
    (left, top), (right, bottom) = page.min(axis=1).T, page.max(axis=1).T
    length, height = edge_lengths(corners)
    elongated = is_elongated(corners)
    column = elongated & (np.abs(angles_to(corners, tilt)) > 45.0)
    column |= height >= _MIN_COLUMN_ASPECT_RATIO * length
    across = np.minimum(length, height)
    middle = np.where(column, top + across / 2, page[:, :, 1].mean(axis=1))
    slope = np.where(
        elongated & ~column, (page[:, 1:3, 1] - page[:, [0, 3], 1]).mean(axis=1) / 2, 0.0
    )
    spans = Spans(
        left=left,
        right=right,
        start=middle - slope,
        end=middle + slope,
        height=np.where(column, across, height),
        column=column,
        top=top,
        bottom=bottom,
        members=[[i] for i in range(len(corners))],
    )
    return _merge_columns(spans)


def link_neighbours(spans: Spans) -> Iterator[tuple[int, int]]:
    """Yield pairs of neighbours in a row, the left one first.

    Linked are two boxes that are each other's nearest, and a box with a nearest one that spans its
    height, such as each of three lines beside a tall heading.
    """
    right_of, left_of = _nearest(spans), _nearest(_mirrored(spans))
    nearest = {(i, int(j)) for i, j in enumerate(right_of) if j >= 0}
    nearest |= {(int(i), j) for j, i in enumerate(left_of) if i >= 0}
    for i, j in sorted(nearest):
        mutual = right_of[i] == j and left_of[j] == i
        if mutual or _shared_height(spans, i, np.array([j])) >= _MIN_BESIDE_SHARE:
            yield i, j


def _nearest(spans: Spans) -> Indices:
    """Return the right neighbour (N,) of each span in its row, -1 for none.

    Of those that no other span hides, it is the most similar in depth and height.
    """
    nearest = np.full(len(spans.left), -1, dtype=np.intp)
    halves = spans.height / 2
    for i in range(len(nearest)):
        others = np.flatnonzero(np.abs(spans.start - spans.end[i]) < halves + halves[i])
        others = others[_right_of(spans, i, others)]
        others = others[_shared_height(spans, i, others) > _MIN_ROW_SHARE]
        if not len(others):
            continue
        near = spans.left[others] - spans.right[i] <= spans.height[others]
        hiding = others[near | (spans.height[others] <= _MAX_HEIGHT_RATIO * spans.height[i])]
        if len(hiding):
            first = int(hiding[np.argmin(spans.right[hiding])])
            others = others[~_right_of(spans, first, others)]
        distance = np.abs(spans.start[others] - spans.end[i])
        distance += np.abs(spans.height[others] - spans.height[i]) / 2
        # Rounded, so that the upper of two equally near ones is taken, whatever the tilt.
        distance = np.round(distance / max(spans.height[i], 1e-9), 6)
        tied = others[distance == distance.min()]
        nearest[i] = tied[np.argmin(spans.start[tied])]
    return nearest


def _right_of(spans: Spans, i: int, others: Indices) -> npt.NDArray[np.bool_]:
    """Return which others begin to the right of the end of span ``i``, up to an overlap."""
    left, right = spans.left[others], spans.right[others]
    narrower = np.minimum(right - left, spans.right[i] - spans.left[i])
    begins_after = left >= spans.right[i] - _MAX_OVERLAP_SHARE * narrower
    return np.asarray(begins_after & (left + right > spans.left[i] + spans.right[i]))


def _shared_height(spans: Spans, i: int, others: Indices) -> Array:
    """Return the common height of span ``i``'s right end and others, as share of the lower."""
    height, distance = spans.height[others], np.abs(spans.start[others] - spans.end[i])
    lower = np.minimum(height, spans.height[i])
    common = np.minimum((height + spans.height[i]) / 2 - distance, lower)
    return np.asarray(common / np.maximum(lower, 1e-9))


def _mirrored(spans: Spans) -> Spans:
    return replace(spans, left=-spans.right, right=-spans.left, start=spans.end, end=spans.start)


def _merge_columns(spans: Spans) -> Spans:
    """Return the spans with split columns joined, then with adjacent columns joined.

    Joined columns are at most a glyph apart.
    """
    for as_rows in (_end_to_end, _side_by_side):
        columns = np.flatnonzero(spans.column)
        chains = _chains(as_rows(spans, columns), reach=spans.height[columns])
        chains = [[int(columns[i]) for i in chain] for chain in chains]
        spans = _join(spans, [[int(i)] for i in np.flatnonzero(~spans.column)] + chains)
    return spans


def _end_to_end(spans: Spans, columns: Indices) -> Spans:
    """Return columns as lines along their own direction, so that pieces of one form a row."""
    across = -(spans.left + spans.right)[columns] / 2
    return replace(
        spans,
        left=spans.top[columns],
        right=spans.bottom[columns],
        start=across,
        end=across,
        height=spans.height[columns],
    )


def _side_by_side(spans: Spans, columns: Indices) -> Spans:
    """Return columns as boxes as tall as they are long, so that adjacent ones form a row."""
    middle = (spans.top + spans.bottom)[columns] / 2
    return replace(
        spans,
        left=spans.left[columns],
        right=spans.right[columns],
        start=middle,
        end=middle,
        height=(spans.bottom - spans.top)[columns],
    )


def _chains(spans: Spans, reach: Array) -> list[list[int]]:
    """Return all spans in groups of mutual neighbours within ``reach`` (N,) pixels."""
    right_of, left_of = _nearest(spans), _nearest(_mirrored(spans))
    gaps = spans.left[right_of] - spans.right
    near = (right_of >= 0) & (left_of[right_of] == np.arange(len(right_of))) & (gaps <= reach)
    chains = []
    for i in np.flatnonzero(~np.isin(np.arange(len(near)), right_of[near])):
        chains.append([int(i)])
        while near[chains[-1][-1]]:
            chains[-1].append(int(right_of[chains[-1][-1]]))
    return chains


def _join(spans: Spans, groups: list[list[int]]) -> Spans:
    """Return one span per group; the first member determines its row."""
    firsts = [group[0] for group in groups]
    return Spans(
        left=np.array([spans.left[group].min() for group in groups]),
        right=np.array([spans.right[group].max() for group in groups]),
        start=spans.start[firsts],
        end=spans.end[firsts],
        height=spans.height[firsts],
        column=spans.column[firsts],
        top=np.array([spans.top[group].min() for group in groups]),
        bottom=np.array([spans.bottom[group].max() for group in groups]),
        members=[[i for member in group for i in spans.members[member]] for group in groups],
    )
