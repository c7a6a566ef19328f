"""Reading order: rows from top to bottom, inside a row from left to right, as the text sees it.

Rows are not bands across the page. Each box is linked with its neighbours to the left and to the
right, judged where the two face each other, so that a row may be long, tilted or bent, and a
large box has several small ones as its neighbours. The order follows the links: a box comes after
all that it is linked with on its left; whatever the links leave open, the higher one decides.

Columns beside one another are read as a block, from left to right, in the row in which the first
of them begins. What runs in another direction has an order of its own and is put in by how far
down the page it is; it does not touch the order of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.layout.rows import (
    Array,
    Spans,
    links,
    sides,
    spans_of,
    telling,
    turned_against,
)
from web_image_ocr.engine.page import Quad

# Degrees. Directions that near support each other.
_SPREAD = 5.0
# Degrees. What is turned further against the page's rows and columns is part of neither.
_ASKEW = 20.0
# What lies straight leads what slants across it, and rows lead the columns that run down from them,
# from this share of their weight on: a watermark all over does not make the page. `orientation`
# draws the same line.
_LEAD_SHARE = 0.2
# An end of a box may be off by this share of its height; a tilt that such errors explain is none.
# Tried by moving corners by a pixel: words on a strip of 8,192 x 15 pixels stay one row.
_UNCERTAIN = 0.2


def reading_order(quads: Sequence[Quad]) -> list[int]:
    """The indices of the quads in reading order; the same for any order they come in.

    Args:
        quads: clockwise from the text's own top left. The first edge of a column of upright
            glyphs is its right side, downwards, as that of a line that is turned that way.
    """
    arrival = sorted(range(len(quads)), key=lambda i: quads[i])
    corners = np.array([quads[i] for i in arrival], dtype=np.float64).reshape(-1, 4, 2)
    return [arrival[i] for i in _ordered(corners)]


def _ordered(corners: Array) -> list[int]:
    if not len(corners):
        return []
    tilt = _direction(corners)
    askew = _askew(corners, tilt)
    page, others = np.flatnonzero(~askew), np.flatnonzero(askew)
    along = [int(page[i]) for i in _along_rows(spans_of(corners[page], tilt))]
    rest = [int(others[i]) for i in _ordered(corners[others])]
    return list(_inserted(rest, along, corners, tilt))


def _along_rows(spans: Spans) -> list[int]:
    """The order of the boxes that lie with the page: along the links, and the highest first."""
    followers: list[list[int]] = [[] for _ in spans.members]
    awaited = [0] * len(followers)
    for left, right in links(spans):
        followers[left].append(right)
        awaited[right] += 1

    def lowest_first(indices: Iterable[int]) -> list[int]:
        return sorted(indices, key=lambda i: (-spans.start[i], -spans.left[i], -i))

    ready = lowest_first(i for i, count in enumerate(awaited) if not count)
    order: list[int] = []
    while ready:
        at = ready.pop()
        order += spans.members[at]
        for follower in followers[at]:
            awaited[follower] -= 1
        ready += lowest_first(i for i in followers[at] if not awaited[i])
    return order


def _inserted(
    rest: Sequence[int], order: Sequence[int], corners: Array, tilt: float
) -> Iterator[int]:
    """``order`` with the ``rest``, itself in order, put in by how far down the page it is.

    Neither changes its own order.
    """
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


def _askew(corners: Array, tilt: float) -> npt.NDArray[np.bool_]:
    """Which quads run neither along the page nor down it."""
    turned = turned_against(corners, tilt)
    away = np.minimum(np.abs(turned), np.abs(turned - 90.0))
    return np.asarray(telling(corners) & (away > _ASKEW))


def _direction(corners: Array) -> float:
    """Degrees, clockwise from the right, in which the text of the page runs.

    The median of the mode: neither a stamp nor the error of a few boxes tilts the page.
    """
    told = telling(corners)
    corners = corners[told] if told.any() else corners
    turned = turned_against(corners, 0.0)
    lengths, heights = sides(corners)
    weights = np.maximum(lengths, 1e-9)
    weights /= weights.sum()
    mode = _mode(turned, weights)
    near = _near(turned, mode)
    tilt = mode + _median(turned_against(corners[near], mode), weights[near])
    straight = 90.0 * np.round(tilt / 90.0)
    error = np.degrees(_UNCERTAIN * np.linalg.norm(heights[near]) / max(lengths[near].sum(), 1e-9))
    return float(straight if abs(tilt - straight) <= min(error, _SPREAD) else tilt)


def _mode(turned: Array, weights: Array) -> float:
    """The direction around which most text lies, unless that is slanting, or the page's columns."""
    directions = np.concatenate([turned, [0.0, 90.0, 180.0, -90.0]])
    # Rounded, so that among directions as heavy the noise of sums does not choose.
    support = np.array([weights[_near(turned, each)].sum() for each in directions]).round(6)
    enough = _LEAD_SHARE * support.max()
    best = int(np.argmax(support))
    straight = len(turned) + int(np.argmax(support[-4:]))
    if support[straight] >= enough and not _near(directions[straight], directions[best], _ASKEW):
        best = straight
    rows = np.flatnonzero(_near(directions, directions[best] - 90.0) & (support >= enough))
    if len(rows):
        best = int(rows[np.argmax(support[rows])])
    return float(directions[best])


def _near(turned: Array, tilt: float, spread: float = _SPREAD) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs((turned - tilt + 180.0) % 360.0 - 180.0) <= spread)


def _median(values: Array, weights: Array) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])
