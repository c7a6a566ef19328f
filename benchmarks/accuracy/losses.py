"""Attribute each missing or surplus unit of the word bag to one cause.

The causes exclude one another, and their sums are those of the bag: the units labelled and found
less its hits. A unit that stands in the wrong place or order but is in the bag is lost to none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from benchmarks.accuracy.alignment import Judged, Verdict, align, faultless, judge, passage
from benchmarks.accuracy.bands import BANDS, bands_of
from benchmarks.accuracy.layout import Layout, Spot, layout
from benchmarks.accuracy.lines import outside_ignored
from benchmarks.dataset import Label, Sample
from benchmarks.engines import FoundLine
from benchmarks.text import letters, word_bag


class Cause(Enum):
    """Why a unit is lost or invented; docs/benchmarks.md explains each."""

    MISSED = "missed"
    MERGED = "merged"
    SPLIT = "split"
    CUT = "cut"
    MISREAD = "misread"
    SPACES = "spaces"
    MARKS = "marks"
    TWICE = "twice"
    NOWHERE = "nowhere"
    UNSCORED = "unscored"


_CAUSES = {
    Verdict.SPACES: Cause.SPACES,
    Verdict.MARKS: Cause.MARKS,
    Verdict.WRONG: Cause.MISREAD,
    Verdict.UNMATCHED: Cause.MISREAD,
    Verdict.UNKNOWN: Cause.UNSCORED,
}

_COUNTS = ("labelled", "found", "right")

Suspects = list[tuple[str, Cause]]
"""Units that are not read where they stand, with the cause."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Hold counts over any number of images.

    Attributes:
        units: labelled and found units.
        lost: labelled units that the bag misses, by cause.
        invented: found units that the bag has too many, by cause.
        boxes: labelled boxes, those on a found line, and those with all letters right, by trait
            and band; boxes without letters or digits are left out, and those on a line that is
            left out.
    """

    units: Counter[str] = field(default_factory=Counter)
    lost: Counter[Cause] = field(default_factory=Counter)
    invented: Counter[Cause] = field(default_factory=Counter)
    boxes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, other: Losses) -> None:
        """Add the counts of more images."""
        self.units.update(other.units)
        self.lost.update(other.lost)
        self.invented.update(other.invented)
        self.boxes.update(other.boxes)

    def by_band(self) -> Iterator[tuple[str, str, tuple[int, int, int]]]:
        """Trait, band, and boxes labelled, found and right, of the bands that hold any."""
        for trait, bands in BANDS.items():
            for band in bands:
                labelled, found, right = (self.boxes[trait, band, count] for count in _COUNTS)
                if labelled:
                    yield trait, band, (labelled, found, right)

    def as_json(self) -> dict[str, Any]:
        """Return the counts for the results file, those of boxes as in `by_band`."""
        boxes: dict[str, dict[str, tuple[int, int, int]]] = {trait: {} for trait in BANDS}
        for trait, band, counts in self.by_band():
            boxes[trait][band] = counts
        return {
            "units": dict(self.units),
            "lost": {cause.value: self.lost[cause] for cause in Cause if self.lost[cause]},
            "invented": {x.value: self.invented[x] for x in Cause if self.invented[x]},
            "boxes": boxes,
        }

    def __str__(self) -> str:
        """Two tables for the terminal."""
        labelled, found = self.units["labelled"], self.units["found"]
        lost, invented = self.lost.total(), self.invented.total()
        lines = [
            f"    {'units lost':22}{_share(lost, labelled)}   invented{_share(invented, found)}",
            *(
                f"    - {x.value:20}{_share(self.lost[x], lost)}"
                f"           {_share(self.invented[x], invented)}"
                for x in Cause
                if self.lost[x] or self.invented[x]
            ),
            *(
                f"    {trait:11}{band:11}{of:5} boxes, found{_share(seen, of)}"
                f"   of these right{_share(right, seen)}"
                for trait, band, (of, seen, right) in self.by_band()
            ),
        ]
        return "\n".join(lines)


def is_judged(sample: Sample) -> bool:
    """Tell whether every scored label has a tight quad, and all text is labelled."""
    scored = [label for label in sample.labels if not label.ignore]
    return not sample.partial and all(x.quad is not None and not x.loose for x in scored)


def losses_of(pictures: Iterable[tuple[Sample, Sequence[FoundLine]]]) -> Losses | None:
    """Return the losses of a set, image by image, or None if its labels do not allow it."""
    total = Losses()
    for sample, answer in pictures:
        if not is_judged(sample):
            return None
        total.add(losses(sample, answer))
    return total


def losses(sample: Sample, answer: Sequence[FoundLine]) -> Losses:
    """Return the losses of one image that `is_judged`."""
    found = outside_ignored(answer, sample.labels)
    labelled = word_bag(label.text for label in sample.labels if not label.ignore)
    read = word_bag(line.text for line in found)
    result = Losses(Counter(labelled=labelled.total(), found=read.total()))
    place = layout(sample.labels, found)
    left_out = [line for line in answer if all(line is not other for other in found)]
    unscored = layout(sample.labels, left_out).home.keys() - place.home.keys()
    missing: Suspects = []
    extra: Suspects = []
    for spot in place.spots:
        labels = passage(sample.labels[at].text for at in spot.labels)
        lines = passage(found[at].text for at in spot.lines)
        steps = align(labels.characters, lines.characters)
        missing += _missing(place, spot, judge(labels, lines, steps), unscored)
        extra += _extra(place, spot, judge(lines, labels, [(two, one) for one, two in steps]))
        right = faultless(labels, lines, steps, strict=place.beside_ignored.isdisjoint(spot.lines))
        for number, at in enumerate(spot.labels):
            if at in unscored:
                continue
            line = found[place.home[at]] if at in place.home else None
            _count(result.boxes, sample.labels[at], line, right=number in right)
    result.lost.update(_charged(labelled - read, missing))
    result.invented.update(_charged(read - labelled, extra))
    return result


def _missing(
    place: Layout, spot: Spot, units: Iterable[Judged], unscored: Collection[int]
) -> Suspects:
    suspects = []
    for unit in units:
        label = spot.labels[unit.owner]
        if unit.verdict is Verdict.RIGHT:
            continue
        if label not in place.home:
            cause = Cause.UNSCORED if label in unscored else Cause.MISSED
        elif place.home[label] in place.merged:
            cause = Cause.MERGED
        else:
            cause = _cause(place, spot, unit.verdict, labels=unit.owners, lines=unit.others)
        suspects.append((unit.text, cause))
    return suspects


def _extra(place: Layout, spot: Spot, units: Iterable[Judged]) -> Suspects:
    suspects = []
    for unit in units:
        line = spot.lines[unit.owner]
        if unit.verdict is Verdict.RIGHT:
            continue
        if line in place.merged:
            cause = Cause.MERGED
        elif unit.verdict is Verdict.UNMATCHED:
            beside = Cause.UNSCORED if line in place.beside_ignored else Cause.NOWHERE
            cause = beside if place.doubled.isdisjoint(spot.lines) else Cause.TWICE
        else:
            cause = _cause(place, spot, unit.verdict, labels=unit.others, lines=unit.owners)
        suspects.append((unit.text, cause))
    return suspects


def _cause(
    place: Layout,
    spot: Spot,
    verdict: Verdict,
    *,
    labels: Iterable[int],
    lines: Collection[int],
) -> Cause:
    """Return the cause for a label and a line, from the labels and lines at and beside a unit."""
    there = {spot.labels[number] for number in labels}
    if there & place.split and len(lines) > 1:
        return Cause.SPLIT
    cause = _CAUSES[verdict]
    return Cause.CUT if cause is Cause.MISREAD and there & place.cut else cause


def _charged(units: Counter[str], suspects: Suspects) -> Counter[Cause]:
    """Return the units by cause, each counted for its first possible cause.

    There are at least as many suspects as units: one that is read where it stands is a hit of
    the bag as well.
    """
    rank = {cause: place for place, cause in enumerate(Cause)}
    left, charged = Counter(units), Counter[Cause]()
    for unit, cause in sorted(suspects, key=lambda suspect: rank[suspect[1]]):
        if left[unit] > 0:
            left[unit] -= 1
            charged[cause] += 1
    return charged


def _count(
    boxes: Counter[tuple[str, str, str]], label: Label, line: FoundLine | None, *, right: bool
) -> None:
    if not letters(label.text):
        return
    counts = (True, line is not None, line is not None and right)
    for trait, band in bands_of(label, line.confidence if line else None).items():
        boxes.update(
            {(trait, band, name): int(yes) for name, yes in zip(_COUNTS, counts, strict=True)}
        )


def _share(part: int, whole: int) -> str:
    return f"{part:6} {part / max(whole, 1):6.1%}"
