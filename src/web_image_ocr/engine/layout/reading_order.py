"""Order lines for reading: rows from top to bottom, within a row from left to right.

Rows are not strips across the page. Each box is linked with its neighbours to the left and right,
so a row may be long, tilted or curved, and a tall box may have several neighbours. A box follows
all boxes linked on its left; where links leave a choice, the higher box comes first.

Adjacent vertical columns are read as one block, from left to right, in the row in which the first
of them begins. Skewed text has its own order and is inserted by its position down the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.layout.rows import (
    Array,
    Spans,
    angles_to,
    edge_lengths,
    is_elongated,
    link_neighbours,
    to_spans,
)
from web_image_ocr.engine.page import Quad

# Measurements: docs/engine-notes/detection-and-layout.md

_TOLERANCE_DEG = 5.0  # directions this close support each other
_MIN_SKEW_DEG = 20.0  # against rows and columns; more belongs to neither
# Straight text wins over slanted text, and rows over columns, with this share of its weight: a
# slanted watermark does not set the direction of the page. ``orientation`` has the same rule.
_MIN_STRAIGHT_SHARE = 0.2
_CORNER_ERROR = 0.2  # of a box's height; a tilt that such errors explain counts as none


def reading_order(quads: Sequence[Quad]) -> list[int]:
    """Return the indices of the quads in reading order, independent of their input order.

    Args:
        quads: clockwise from the text's top left. The first edge of a column of upright glyphs is
            its right side, downwards, as for a line rotated by 90 degrees.
    """
    by_position = sorted(range(len(quads)), key=lambda i: quads[i])
    corners = np.array([quads[i] for i in by_position], dtype=np.float64).reshape(-1, 4, 2)
    return [by_position[i] for i in _order(corners)]


def _order(corners: Array) -> list[int]:
    if not len(corners):
        return []
    tilt = _direction(corners)
    skewed = _is_skewed(corners, tilt)
    straight, others = np.flatnonzero(~skewed), np.flatnonzero(skewed)
    order = [int(straight[i]) for i in _order_rows(to_spans(corners[straight], tilt))]
    rest = [int(others[i]) for i in _order(corners[others])]
    return list(_insert(rest, order, corners, tilt))


def _order_rows(spans: Spans) -> list[int]:
    """Return the boxes in topological order of their links, the highest first."""
    followers: list[list[int]] = [[] for _ in spans.members]
    pending = [0] * len(followers)
    for left, right in link_neighbours(spans):
        followers[left].append(right)
        pending[right] += 1

    def lowest_first(indices: Iterable[int]) -> list[int]:
        return sorted(indices, key=lambda i: (-spans.start[i], -spans.left[i], -i))

    ready = lowest_first(i for i, count in enumerate(pending) if not count)
    order: list[int] = []
    while ready:
        at = ready.pop()
        order += spans.members[at]
        for follower in followers[at]:
            pending[follower] -= 1
        ready += lowest_first(i for i in followers[at] if not pending[i])
    return order


def _insert(
    rest: Sequence[int], order: Sequence[int], corners: Array, tilt: float
) -> Iterator[int]:
    """Yield ``order`` with ``rest`` merged in by depth down the page; both keep their order."""
    down = np.array([-np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    depths = corners.mean(axis=1) @ down
    placed = 0
    for i in rest:
        above = np.flatnonzero(depths[order] <= depths[i])
        until = max(placed, int(above[-1]) + 1 if len(above) else 0)
        yield from order[placed:until]
        yield i
        placed = until
    yield from order[placed:]


def _is_skewed(corners: Array, tilt: float) -> npt.NDArray[np.bool_]:
    """Return for each quad whether it runs neither along the rows of the page nor down."""
    angles = angles_to(corners, tilt)
    skew = np.minimum(np.abs(angles), np.abs(angles - 90.0))
    return np.asarray(is_elongated(corners) & (skew > _MIN_SKEW_DEG))


def _direction(corners: Array) -> float:
    """Return the direction of the page's text, degrees clockwise from right.

    This is the median around the mode, so neither a stamp nor a few bad boxes tilt the page.
    """
    elongated = is_elongated(corners)
    corners = corners[elongated] if elongated.any() else corners
    angles = angles_to(corners, 0.0)
    lengths, heights = edge_lengths(corners)
    weights = np.maximum(lengths, 1e-9)
    weights /= weights.sum()
    mode = _mode(angles, weights)
    near = _near(angles, mode)
    tilt = mode + _weighted_median(angles_to(corners[near], mode), weights[near])
    straight = 90.0 * np.round(tilt / 90.0)
    error = np.degrees(
        _CORNER_ERROR * np.linalg.norm(heights[near]) / max(lengths[near].sum(), 1e-9)
    )
    return float(straight if abs(tilt - straight) <= min(error, _TOLERANCE_DEG) else tilt)


def _mode(angles: Array, weights: Array) -> float:
    """Return the direction of most text; straight text and rows win over slanted and columns."""
    directions = np.concatenate([angles, [0.0, 90.0, 180.0, -90.0]])
    # Rounded, so that float noise does not choose between directions of equal weight.
    support = np.array([weights[_near(angles, each)].sum() for each in directions]).round(6)
    enough = _MIN_STRAIGHT_SHARE * support.max()
    best = int(np.argmax(support))
    straight = len(angles) + int(np.argmax(support[-4:]))
    slanted = not _near(directions[straight], directions[best], _MIN_SKEW_DEG)
    if support[straight] >= enough and slanted:
        best = straight
    rows = np.flatnonzero(_near(directions, directions[best] - 90.0) & (support >= enough))
    if len(rows):
        best = int(rows[np.argmax(support[rows])])
    return float(directions[best])


def _near(angles: Array, tilt: float, tolerance: float = _TOLERANCE_DEG) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs((angles - tilt + 180.0) % 360.0 - 180.0) <= tolerance)


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])
