"""Group labels and found lines by overlap; unlike matching, this drops none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.accuracy.matching import (
    MIN_OVERLAP,
    Hull,
    area,
    hull_of,
    intersection_area,
    sort_along,
)
from benchmarks.dataset import Label, Points
from benchmarks.engines import FoundLine

_WHOLE = 0.75
"""Covered share below which a label is cut: at least one letter of four is outside.

Chosen by eye on `mtwi20` and `icdar2015_test`, some of whose labels are slightly large.
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Group labels and lines that overlap; one of the two may be empty.

    Attributes:
        labels: Indexes of the scored labels, ordered by line and along it.
        lines: Indexes of the found lines, ascending.
    """

    labels: tuple[int, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Describe how the scored labels of an image and the found lines overlap.

    Attributes:
        groups: Groups; each label and each line is in exactly one.
        line_of: For each label that is found, the line that covers most of it.
        split: Labels spread over several lines.
        cut: Labels that extend beyond their lines by a quarter or more.
        merged: Lines that contain labels of several rows.
        duplicates: Lines that are half inside another line.
        beside_ignored: Lines that overlap an ignored label.
    """

    groups: tuple[Group, ...]
    line_of: Mapping[int, int]
    split: frozenset[int]
    cut: frozenset[int]
    merged: frozenset[int]
    duplicates: frozenset[int]
    beside_ignored: frozenset[int]


def find_overlaps(labels: Sequence[Label], found: Sequence[FoundLine]) -> Overlaps:
    """Return the overlaps of an image whose scored labels all have tight quads.

    A label is tied to the line that covers most of it, if by half or more, and to lines that are
    half inside it.

    Args:
        labels: All labels of the image.
        found: Lines outside ignored labels.
    """
    quads = {at: label.quad for at, label in enumerate(labels) if label.quad is not None}
    hulls = {at: _solid(quad) for at, quad in quads.items()}
    lines = [_solid(line.quad) for line in found]
    covered = {at: [intersection_area(hull, line) for line in lines] for at, hull in hulls.items()}
    ties = {at: _tied(hulls[at], covered[at], lines) for at in hulls}
    scored = {at: tied for at, tied in ties.items() if not labels[at].ignore}
    line_of = {at: max(tied, key=covered[at].__getitem__) for at, tied in scored.items() if tied}
    pieces = {at: _without_duplicates(scored[at], lines) for at in line_of}
    residents = {
        line: sort_along(quad, [at for at in line_of if line_of[at] == line], quads)
        for line, quad in enumerate(one.quad for one in found)
    }
    return Overlaps(
        groups=tuple(
            Group(tuple(at for line in own for at in residents[line]) or tuple(group), tuple(own))
            for group, own in _connected(scored, len(lines))
        ),
        line_of=line_of,
        split=frozenset(at for at in line_of if len(pieces[at]) > 1),
        cut=frozenset(
            at
            for at in line_of
            if sum(covered[at][line] for line in pieces[at]) < _WHOLE * area(hulls[at])
        ),
        merged=frozenset(
            line
            for line, own in residents.items()
            if _merges_rows(found[line].quad, [quads[at] for at in own])
        ),
        duplicates=frozenset(range(len(lines))) - _without_duplicates(range(len(lines)), lines),
        beside_ignored=frozenset(
            line for at, tied in ties.items() if labels[at].ignore for line in tied
        ),
    )


def _solid(quad: Points) -> Hull:
    """Return the hull of a quad; a dash without area is made a pixel thick."""
    hull = hull_of(quad)
    return hull if area(hull) > 0 else hull_of(np.vstack([quad - 0.5, quad + 0.5]))


def _tied(label: Hull, covered: Sequence[float], lines: Sequence[Hull]) -> frozenset[int]:
    """Return the lines tied to a label, from the area that each covers."""
    best = max(covered, default=0.0)
    return frozenset(
        at
        for at, line in enumerate(lines)
        if covered[at] >= MIN_OVERLAP * area(line)
        or covered[at] == best >= MIN_OVERLAP * area(label)
    )


def _connected(ties: Mapping[int, frozenset[int]], lines: int) -> list[tuple[list[int], list[int]]]:
    """Return the connected components of labels and lines, single ones included."""
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


def _without_duplicates(own: Iterable[int], lines: Sequence[Hull]) -> frozenset[int]:
    """Drop lines that are half inside a larger line, or inside an earlier one as large."""
    kept: list[int] = []
    for at in sorted(own, key=lambda at: -area(lines[at])):
        if all(
            intersection_area(lines[at], lines[other]) < MIN_OVERLAP * area(lines[at])
            for other in kept
        ):
            kept.append(at)
    return frozenset(kept)


def _merges_rows(line: Points, labels: Sequence[Points]) -> bool:
    """Return whether two labels overlap along the line: it merges two rows."""
    sides = line[[1, 3]] - line[0]
    direction = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    spans = [(float((quad @ direction).min()), float((quad @ direction).max())) for quad in labels]
    return any(
        min(one[1], other[1]) - max(one[0], other[0])
        > MIN_OVERLAP * min(one[1] - one[0], other[1] - other[0])
        for one, other in combinations(spans, 2)
    )
