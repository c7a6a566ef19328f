"""Count lost and invented units of the word bag by cause.

Causes are exclusive and sum to the bag's errors: units labelled and found, minus hits. A unit in
the wrong place or order that is in the bag is not an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from benchmarks.accuracy.alignment import JudgedUnit, Verdict, align, correct_texts, judge, passage
from benchmarks.accuracy.buckets import BUCKETS, buckets_of
from benchmarks.accuracy.matching import outside_ignored
from benchmarks.accuracy.overlaps import Group, Overlaps, find_overlaps
from benchmarks.dataset import Label, Sample
from benchmarks.engines import FoundLine
from benchmarks.text import letters, word_bag


class Cause(Enum):
    """Name why a unit is lost or invented; docs/benchmarks.md defines each cause."""

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
"""Units that are wrong at their overlaps, with the cause."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Count errors over any number of images.

    Attributes:
        units: Labelled and found units.
        lost: Labelled units that are not found, by cause.
        invented: Found units without a label, by cause.
        boxes: Labelled boxes, those on a found line, and those without a wrong letter, by trait
            and bucket. Boxes without letters or digits, or on an ignored line, do not count.
    """

    units: Counter[str] = field(default_factory=Counter)
    lost: Counter[Cause] = field(default_factory=Counter)
    invented: Counter[Cause] = field(default_factory=Counter)
    boxes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, other: Losses) -> None:
        """Add the counts of other images."""
        self.units.update(other.units)
        self.lost.update(other.lost)
        self.invented.update(other.invented)
        self.boxes.update(other.boxes)

    def by_bucket(self) -> Iterator[tuple[str, str, tuple[int, int, int]]]:
        """Yield trait, bucket, and boxes labelled, found and right, of non-empty buckets."""
        for trait, buckets in BUCKETS.items():
            for bucket in buckets:
                labelled, found, right = (self.boxes[trait, bucket, count] for count in _COUNTS)
                if labelled:
                    yield trait, bucket, (labelled, found, right)

    def as_json(self) -> dict[str, Any]:
        """Return the counts for the result file, those of boxes as in `by_bucket`."""
        boxes: dict[str, dict[str, tuple[int, int, int]]] = {trait: {} for trait in BUCKETS}
        for trait, bucket, counts in self.by_bucket():
            boxes[trait][bucket] = counts
        return {
            "units": dict(self.units),
            "lost": {cause.value: self.lost[cause] for cause in Cause if self.lost[cause]},
            "invented": {x.value: self.invented[x] for x in Cause if self.invented[x]},
            "boxes": boxes,
        }

    def __str__(self) -> str:
        """Format two tables for the terminal."""
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
                f"    {trait:11}{bucket:11}{of:5} boxes, found{_share(seen, of)}"
                f"   of these right{_share(right, seen)}"
                for trait, bucket, (of, seen, right) in self.by_bucket()
            ),
        ]
        return "\n".join(lines)


def is_judged(sample: Sample) -> bool:
    """Return whether every scored label has a tight quad and all text is labelled."""
    scored = [label for label in sample.labels if not label.ignore]
    return not sample.partial and all(x.quad is not None and not x.loose for x in scored)


def losses_of(images: Iterable[tuple[Sample, Sequence[FoundLine]]]) -> Losses | None:
    """Return the losses of a set; None if its labels do not allow it."""
    total = Losses()
    for sample, answer in images:
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
    overlaps = find_overlaps(sample.labels, found)
    left_out = [line for line in answer if all(line is not other for other in found)]
    unscored = find_overlaps(sample.labels, left_out).line_of.keys() - overlaps.line_of.keys()
    missing: Suspects = []
    extra: Suspects = []
    for group in overlaps.groups:
        labels = passage(sample.labels[at].text for at in group.labels)
        lines = passage(found[at].text for at in group.lines)
        steps = align(labels.characters, lines.characters)
        missing += _missing(overlaps, group, judge(labels, lines, steps), unscored)
        extra += _extra(overlaps, group, judge(lines, labels, [(two, one) for one, two in steps]))
        strict = overlaps.beside_ignored.isdisjoint(group.lines)
        right = correct_texts(labels, lines, steps, strict=strict)
        for number, at in enumerate(group.labels):
            if at in unscored:
                continue
            line = found[overlaps.line_of[at]] if at in overlaps.line_of else None
            _count(result.boxes, sample.labels[at], line, right=number in right)
    result.lost.update(_charged(labelled - read, missing))
    result.invented.update(_charged(read - labelled, extra))
    return result


def _missing(
    overlaps: Overlaps, group: Group, units: Iterable[JudgedUnit], unscored: Collection[int]
) -> Suspects:
    suspects = []
    for unit in units:
        label = group.labels[unit.owner]
        if unit.verdict is Verdict.RIGHT:
            continue
        if label not in overlaps.line_of:
            cause = Cause.UNSCORED if label in unscored else Cause.MISSED
        elif overlaps.line_of[label] in overlaps.merged:
            cause = Cause.MERGED
        else:
            cause = _cause(overlaps, group, unit.verdict, labels=unit.owners, lines=unit.others)
        suspects.append((unit.text, cause))
    return suspects


def _extra(overlaps: Overlaps, group: Group, units: Iterable[JudgedUnit]) -> Suspects:
    suspects = []
    for unit in units:
        line = group.lines[unit.owner]
        if unit.verdict is Verdict.RIGHT:
            continue
        if line in overlaps.merged:
            cause = Cause.MERGED
        elif unit.verdict is Verdict.UNMATCHED:
            beside = Cause.UNSCORED if line in overlaps.beside_ignored else Cause.NOWHERE
            cause = beside if overlaps.duplicates.isdisjoint(group.lines) else Cause.TWICE
        else:
            cause = _cause(overlaps, group, unit.verdict, labels=unit.others, lines=unit.owners)
        suspects.append((unit.text, cause))
    return suspects


def _cause(
    overlaps: Overlaps,
    group: Group,
    verdict: Verdict,
    *,
    labels: Iterable[int],
    lines: Collection[int],
) -> Cause:
    """Return the cause where a label and a line overlap, from those at and next to a unit."""
    there = {group.labels[number] for number in labels}
    if there & overlaps.split and len(lines) > 1:
        return Cause.SPLIT
    cause = _CAUSES[verdict]
    return Cause.CUT if cause is Cause.MISREAD and there & overlaps.cut else cause


def _charged(units: Counter[str], suspects: Suspects) -> Counter[Cause]:
    """Charge each unit to its first suspect in the order of causes; count by cause.

    There are at least as many suspects as units: a unit that is right at its place is also a hit
    of the bag.
    """
    rank = {cause: order for order, cause in enumerate(Cause)}
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
    for trait, bucket in buckets_of(label, line.confidence if line else None).items():
        boxes.update(
            {(trait, bucket, name): int(yes) for name, yes in zip(_COUNTS, counts, strict=True)}
        )


def _share(part: int, whole: int) -> str:
    return f"{part:6} {part / max(whole, 1):6.1%}"
