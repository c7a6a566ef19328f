"""Boxes as spans along the rows of a page, and which of them follow one another.

The page's own frame: "right" is the direction of its text, "down" a quarter turn clockwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# The shares and ratios below are not tuned: on receipts, documents and captioned pictures each can
# be a fifth smaller or larger and turns at most one of 39,000 pairs of lines around.

# A box tells a direction when it is this much longer than high.
_ELONGATED = 1.5
# From this ratio of height to width on, a box along the page is a column that was not turned for
# reading. A lone narrow glyph (1, !) has less, as boxes leave a margin around the ink.
_COLUMN = 3.0
# Of the lower one's height: neighbours in a row have this share in common where they face,
_IN_ROW = 0.5
# and a box is beside a higher one, which has a nearer neighbour, if it is covered to this share.
_BESIDE = 0.8
# What is this much higher than a box, and more than its own height away, does not interrupt the
# box's row: a note written into a table.
_HIGHER = 1.5
# Of the narrower one's width: neighbours may overlap by it along the row.
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Spans:
    """N boxes in the frame of their page, pixels; arrays (N,).

    Attributes:
        left, right: where they begin and end along the row.
        start, end: how far down their middle is at the left and at the right end. A column takes
            part in the row of its first glyph.
        height: of their text.
        column: bool, whether they run down the page.
        top, bottom: of the whole box.
        members: the boxes of each span in reading order: several for a block of columns.
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


def telling(corners: Array) -> npt.NDArray[np.bool_]:
    """Which quads (N, 4, 2) are elongated enough to have a direction."""
    both = sides(corners)
    return np.asarray(both.max(axis=0) >= _ELONGATED * both.min(axis=0))


def turned_against(corners: Array, tilt: float) -> Array:
    """Degrees, -180 to 180, from ``tilt`` to the direction of quads (N, 4, 2), (N,)."""
    ahead = corners[:, 1:3].sum(axis=1) - corners[:, [0, 3]].sum(axis=1)
    turned: Array = (np.degrees(np.arctan2(ahead[:, 1], ahead[:, 0])) - tilt + 180.0) % 360.0
    return turned - 180.0


def sides(corners: Array) -> Array:
    """Lengths of the first sides and of the last sides of quads (N, 4, 2), (2, N)."""
    lengths: Array = np.linalg.norm(corners[:, [1, 3]] - corners[:, :1], axis=2).T
    return lengths


def spans_of(corners: Array, tilt: float) -> Spans:
    """Quads (N, 4, 2) of a page whose text runs at ``tilt`` degrees, clockwise from the right.

    Columns that belong together are one span, so there may be fewer than N.
    """
    cos, sin = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    page = corners @ np.array([[cos, -sin], [sin, cos]])
    (left, top), (right, bottom) = page.min(axis=1).T, page.max(axis=1).T
    length, height = sides(corners)
    told = telling(corners)
    column = told & (np.abs(turned_against(corners, tilt)) > 45.0) | (height >= _COLUMN * length)
    across = np.minimum(length, height)
    middle = np.where(column, top + across / 2, page[:, :, 1].mean(axis=1))
    slope = np.where(told & ~column, (page[:, 1:3, 1] - page[:, [0, 3], 1]).mean(axis=1) / 2, 0.0)
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
    return _columns_joined(spans)


def links(spans: Spans) -> Iterator[tuple[int, int]]:
    """Pairs of neighbours in a row, the left one first.

    Two boxes that are each other's nearest are linked, and so is a box with its nearest if that
    covers it: the three lines beside a heading as high as all of them.
    """
    right_of, left_of = _nearest(spans), _nearest(_mirrored(spans))
    nearest = {(i, int(j)) for i, j in enumerate(right_of) if j >= 0}
    nearest |= {(int(i), j) for j, i in enumerate(left_of) if i >= 0}
    for i, j in sorted(nearest):
        mutual = right_of[i] == j and left_of[j] == i
        if mutual or _shared(spans, i, np.array([j])) >= _BESIDE:
            yield i, j


def _nearest(spans: Spans) -> Indices:
    """The right neighbour of each span in its row, -1 for none, (N,).

    Of those not hidden by another one it is the most like it in where it lies and how high it is.
    """
    nearest = np.full(len(spans.left), -1, dtype=np.intp)
    halves = spans.height / 2
    for i in range(len(nearest)):
        seen = np.flatnonzero(np.abs(spans.start - spans.end[i]) < halves + halves[i])
        seen = seen[_behind(spans, i, seen)]
        seen = seen[_shared(spans, i, seen) > _IN_ROW]
        if not len(seen):
            continue
        near = spans.left[seen] - spans.right[i] <= spans.height[seen]
        hiding = seen[near | (spans.height[seen] <= _HIGHER * spans.height[i])]
        if len(hiding):
            first = int(hiding[np.argmin(spans.right[hiding])])
            seen = seen[~_behind(spans, first, seen)]
        away = np.abs(spans.start[seen] - spans.end[i])
        away += np.abs(spans.height[seen] - spans.height[i]) / 2
        # Rounded, so that of two as near the upper one is taken whatever the tilt.
        away = np.round(away / max(spans.height[i], 1e-9), 6)
        alike = seen[away == away.min()]
        nearest[i] = alike[np.argmin(spans.start[alike])]
    return nearest


def _behind(spans: Spans, i: int, others: Indices) -> npt.NDArray[np.bool_]:
    """Which others begin, but for some overlap, to the right of where this span ends."""
    left, right = spans.left[others], spans.right[others]
    narrower = np.minimum(right - left, spans.right[i] - spans.left[i])
    begin_there = left >= spans.right[i] - _OVERLAP * narrower
    return np.asarray(begin_there & (left + right > spans.left[i] + spans.right[i]))


def _shared(spans: Spans, i: int, others: Indices) -> Array:
    """The share of the lower one's height that this span's right end and others face each other."""
    height, away = spans.height[others], np.abs(spans.start[others] - spans.end[i])
    lower = np.minimum(height, spans.height[i])
    common = np.minimum((height + spans.height[i]) / 2 - away, lower)
    return np.asarray(common / np.maximum(lower, 1e-9))


def _mirrored(spans: Spans) -> Spans:
    return replace(spans, left=-spans.right, right=-spans.left, start=spans.end, end=spans.start)


def _columns_joined(spans: Spans) -> Spans:
    """The same with columns found in pieces put together, then with columns side by side.

    What belongs together is at most a glyph apart.
    """
    for view in (_turned, _lying):
        columns = np.flatnonzero(spans.column)
        chains = _chains(view(spans, columns), reach=spans.height[columns])
        chains = [[int(columns[i]) for i in chain] for chain in chains]
        spans = _united(spans, [[int(i)] for i in np.flatnonzero(~spans.column)] + chains)
    return spans


def _turned(spans: Spans, columns: Indices) -> Spans:
    """Columns as lines, seen along their own direction: pieces of one are neighbours in a row."""
    across = -(spans.left + spans.right)[columns] / 2
    return replace(
        spans,
        left=spans.top[columns],
        right=spans.bottom[columns],
        start=across,
        end=across,
        height=spans.height[columns],
    )


def _lying(spans: Spans, columns: Indices) -> Spans:
    """Columns as boxes as high as they are long: those side by side are neighbours in a row."""
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
    """All spans, in groups of those that are each other's neighbours within reach (N,)."""
    right_of, left_of = _nearest(spans), _nearest(_mirrored(spans))
    gaps = spans.left[right_of] - spans.right
    near = (right_of >= 0) & (left_of[right_of] == np.arange(len(right_of))) & (gaps <= reach)
    chains = []
    for i in np.flatnonzero(~np.isin(np.arange(len(near)), right_of[near])):
        chains.append([int(i)])
        while near[chains[-1][-1]]:
            chains[-1].append(int(right_of[chains[-1][-1]]))
    return chains


def _united(spans: Spans, groups: list[list[int]]) -> Spans:
    """One span for each group; its first member gives it its place in a row."""
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
