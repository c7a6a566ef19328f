"""Reading order: rows from top to bottom, inside a row from left to right, as the text sees it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from web_image_ocr.primitives.geometry import Quad


def reading_order(quads: Sequence[Quad]) -> list[int]:
    """The indices of the quads in reading order; the same for any order they come in."""
    if not quads:
        return []
    corners = np.array(quads, dtype=np.float64)
    right = _direction(corners)
    below = np.array([-right[1], right[0]])
    left = (corners @ right).min(axis=1)
    tops, bottoms = (corners @ below).min(axis=1), (corners @ below).max(axis=1)
    # A column takes part in the row of its first glyph.
    widths = (corners @ right).max(axis=1) - left
    middles = tops + np.minimum(bottoms - tops, np.maximum(widths, 1.0)) / 2
    halves = middles - tops
    order = sorted(range(len(quads)), key=lambda i: (middles[i], left[i], quads[i]))
    rows: list[list[int]] = []
    for index in order:
        if rows:
            head = rows[-1][0]
            if abs(middles[index] - middles[head]) < 1.0 * min(halves[index], halves[head]):
                rows[-1].append(index)
                continue
        rows.append([index])
    return [i for row in rows for i in sorted(row, key=lambda i: (left[i], middles[i], quads[i]))]


def _direction(corners: np.ndarray) -> np.ndarray:
    edges = corners[:, 1] - corners[:, 0]
    total = edges.sum(axis=0)
    length = float(np.linalg.norm(total))
    if length < 1e-9:
        return np.array([1.0, 0.0])
    unit: np.ndarray = total / length
    return unit
