"""Relate labels and found lines by their overlap, without leaving any out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.accuracy.lines import (
    ENOUGH,
    Hull,
    along,
    area,
    hull_of,
    shared,
)
from benchmarks.dataset import Label, Points
from benchmarks.engines import FoundLine

_WHOLE = 0.75
"""A label that found lines cover by less is called cut: at least one of four letters is out.

Chosen by looking at `mtwi20` and `icdar2015_test`, whose labels are now and then a little large.
"""


@dataclass(frozen=True, slots=True)
class Spot:
    """Labels and lines of one place; one of both may be missing.

    Attributes:
        labels: positions of the scored labels, in the order of their lines and along them.
        lines: positions of the found lines, in the order found.
    """

    labels: tuple[int, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Represent how the scored labels and the found lines of an image overlap.

    Attributes:
        spots: each label and each line is in exactly one, whether the boxes fit or not.
        home: for each label that is found, the line that covers most of it.
        split: labels that lie in pieces on several lines.
        cut: labels that reach beyond their lines by a quarter or more.
        merged: lines that hold labels of several rows.
        doubled: lines that lie by half in another line.
        beside_ignored: lines that hold something of an ignored label.
    """

    spots: tuple[Spot, ...]
    home: Mapping[int, int]
    split: frozenset[int]
    cut: frozenset[int]
    merged: frozenset[int]
    doubled: frozenset[int]
    beside_ignored: frozenset[int]


def layout(labels: Sequence[Label], found: Sequence[FoundLine]) -> Layout:
    """Return the layout of an image whose scored labels all have tight quads.

    A label is tied to the line that covers most of it, if by half or more, and to the lines that
    lie in it by half.

    Args:
        labels: all of the image.
        found: lines that are not left out.
    """
    quads = {at: label.quad for at, label in enumerate(labels) if label.quad is not None}
    hulls = {at: _solid(quad) for at, quad in quads.items()}
    lines = [_solid(line.quad) for line in found]
    covered = {at: [shared(hull, line) for line in lines] for at, hull in hulls.items()}
    ties = {at: _tied(hulls[at], covered[at], lines) for at in hulls}
    scored = {at: tied for at, tied in ties.items() if not labels[at].ignore}
    home = {at: max(tied, key=covered[at].__getitem__) for at, tied in scored.items() if tied}
    pieces = {at: _undoubled(scored[at], lines) for at in home}
    residents = {
        line: along(quad, [at for at in home if home[at] == line], quads)
        for line, quad in enumerate(one.quad for one in found)
    }
    return Layout(
        spots=tuple(
            Spot(tuple(at for line in own for at in residents[line]) or tuple(group), tuple(own))
            for group, own in _connected(scored, len(lines))
        ),
        home=home,
        split=frozenset(at for at in home if len(pieces[at]) > 1),
        cut=frozenset(
            at
            for at in home
            if sum(covered[at][line] for line in pieces[at]) < _WHOLE * area(hulls[at])
        ),
        merged=frozenset(
            line
            for line, own in residents.items()
            if _stacked(found[line].quad, [quads[at] for at in own])
        ),
        doubled=frozenset(range(len(lines))) - _undoubled(range(len(lines)), lines),
        beside_ignored=frozenset(
            line for at, tied in ties.items() if labels[at].ignore for line in tied
        ),
    )


def _solid(quad: Points) -> Hull:
    """Return the hull of a quad, at least one pixel thick."""
    hull = hull_of(quad)
    return hull if area(hull) > 0 else hull_of(np.vstack([quad - 0.5, quad + 0.5]))


def _tied(label: Hull, covered: Sequence[float], lines: Sequence[Hull]) -> frozenset[int]:
    """Return the lines matched to a label, from the area of it that each covers."""
    best = max(covered, default=0.0)
    return frozenset(
        at
        for at, line in enumerate(lines)
        if covered[at] >= ENOUGH * area(line) or covered[at] == best >= ENOUGH * area(label)
    )


def _connected(ties: Mapping[int, frozenset[int]], lines: int) -> list[tuple[list[int], list[int]]]:
    """Labels and lines that hang together, those that hang on nothing too."""
    groups: list[tuple[list[int], set[int]]] = [([], {line}) for line in range(lines)]
    for label, tied in ties.items():
        touched = [group for group in groups if group[1] & tied]
        groups = [group for group in groups if not group[1] & tied]
        groups.append(
            (
                [*(at for group in touched for at in group[0]), label],
                set().union(*(group[1] for group in touched)),
            )
        )
    return [(labels, sorted(own)) for labels, own in groups]


def _undoubled(own: Iterable[int], lines: Sequence[Hull]) -> frozenset[int]:
    """Return the lines that are not by half in a larger or an earlier equal line."""
    kept: list[int] = []
    for at in sorted(own, key=lambda at: -area(lines[at])):
        if all(shared(lines[at], lines[other]) < ENOUGH * area(lines[at]) for other in kept):
            kept.append(at)
    return frozenset(kept)


def _stacked(line: Points, labels: Sequence[Points]) -> bool:
    """Tell whether two labels are side by side across the line, so that it merged rows."""
    sides = line[[1, 3]] - line[0]
    direction = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    spans = [(float((quad @ direction).min()), float((quad @ direction).max())) for quad in labels]
    return any(
        min(one[1], other[1]) - max(one[0], other[0])
        > ENOUGH * min(one[1] - one[0], other[1] - other[0])
        for one, other in combinations(spans, 2)
    )
