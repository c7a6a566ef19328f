"""Compare the lines found in a grid with its cells, by their location."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Verdict, shown
from benchmarks.short_text.drawing import Box
from benchmarks.short_text.texts import plain, same_glyph

_TURNED_DEG = 45.0


@dataclass(frozen=True, slots=True)
class Cell:
    """Represent a cell with text.

    Attributes:
        text: Drawn text.
        row: Number of its row.
        column: Number of its column.
        area: Left, top, right, bottom of the whole cell, in pixels.
        ink: The same of the text.
    """

    text: str
    row: int
    column: int
    area: Box
    ink: Box


@dataclass(slots=True)
class _Score:
    """Collect what was found."""

    read: set[int] = field(default_factory=set)
    right: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)
    invented: int = 0
    turned: int = 0


def judge(cells: Sequence[Cell], lines: Sequence[FoundLine]) -> Verdict:
    """Compare lines with cells.

    A line belongs to the cells whose ink has its centre in the line's quad, or to the cell that
    contains the line's centre. It is invented if it has no cell, if it covers cells of several
    rows, or if all its cells have been read before.

    Args:
        cells: In reading order.
        lines: In the order found.
    """
    score = _Score()
    for line in lines:
        edge = line.quad[1] - line.quad[0]
        score.turned += bool(np.degrees(abs(np.arctan2(edge[1], edge[0]))) > _TURNED_DEG)
        covered = _covered(cells, line)
        rows = {cells[at].row for at in covered}
        if len(rows) != 1 or score.read.issuperset(covered):
            score.invented += 1
        else:
            _read(score, cells, covered, line.text)
    out_of_order = score.order != sorted(score.order)
    counts = Counter(
        cells=len(cells),
        missed=len(cells) - len(score.read),
        misread=len(score.read - score.right),
        invented=score.invented,
        joined=len(score.joined),
        turned=score.turned,
        out_of_order=int(out_of_order),
    )
    bad = [
        key for key in ("missed", "misread", "invented", "turned", "out_of_order") if counts[key]
    ]
    if not bad:
        return Verdict(counts)
    wrong = [cell.text for at, cell in enumerate(cells) if at not in score.right]
    parts = ", ".join(f"{key} {counts[key]}" for key in bad)
    return Verdict(counts, f"{parts}; cells not read rightly: {wrong}; found: {shown(lines)}")


def _read(score: _Score, cells: Sequence[Cell], covered: list[int], text: str) -> None:
    """Note the cells of one row that a line covers, and which of them it reads rightly."""
    score.order += covered
    score.read.update(covered)
    rest = plain(text)
    if len(covered) == 1:
        if same_glyph(plain(cells[covered[0]].text), rest):
            score.right.update(covered)
        return
    score.joined.update(covered)
    for at in covered:
        _, wanted, after = rest.partition(plain(cells[at].text))
        if wanted:
            score.right.add(at)
            rest = after


def _covered(cells: Sequence[Cell], line: FoundLine) -> list[int]:
    """Return the indexes of the cells that a line covers, in reading order."""
    quad = line.quad.astype(np.float32)
    inside = []
    for at, cell in enumerate(cells):
        left, top, right, bottom = cell.ink
        middle = ((left + right) / 2, (top + bottom) / 2)
        if cv2.pointPolygonTest(quad, middle, measureDist=False) >= 0:
            inside.append(at)
    if inside:
        return inside
    x, y = line.quad.mean(axis=0)
    return [
        at
        for at, cell in enumerate(cells)
        if cell.area[0] <= x <= cell.area[2] and cell.area[1] <= y <= cell.area[3]
    ][:1]
