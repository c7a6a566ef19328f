"""Compute the metrics of an image, and those of a set as sums over its images.

Every metric is a part of a whole. A set's metric is the sum of parts over the sum of wholes, so a
word found in another image is not a hit. docs/benchmarks.md defines each metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.accuracy.matching import (
    Match,
    contains_centre,
    has_box,
    match_lines,
    outside_ignored,
)
from benchmarks.dataset import Label, Sample
from benchmarks.engines import FoundLine
from benchmarks.text import (
    character_bag,
    edit_distance,
    letters,
    similarity,
    unspaced,
    word_bag,
)

HIGH_CONFIDENCE = 0.9
"""Confidence from which a line is expected to be right."""

_RESAMPLES = 2000

Shares = Mapping[str, tuple[float, float]]
"""Part and whole of each metric of one image."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Represent a metric of a set, 0 to 1.

    Attributes:
        value: Sum of parts over sum of wholes.
        low: Lower bound of the 95 % confidence interval, from a bootstrap over images.
        high: Upper bound.
        of: Sum of wholes: the weight.
    """

    value: float
    low: float
    high: float
    of: float


def shares(sample: Sample, answer: Sequence[FoundLine]) -> Shares:
    """Return the metrics of one image that its labels allow."""
    found = outside_ignored(answer, sample.labels)
    scored = [label for label in sample.labels if not label.ignore]
    labelled_texts, found_texts = [x.text for x in scored], [x.text for x in found]
    result: dict[str, tuple[float, float]] = {}
    for name, bag in (("word", word_bag), ("character", character_bag)):
        result |= _bag_shares(name, bag(labelled_texts), bag(found_texts), partial=sample.partial)
    if not sample.partial:
        result |= _line_shares(sample, found)
    loose = [label for label in scored if label.loose]
    if loose:
        result["view_recall"] = (sum(_is_read(label, found) for label in loose), len(loose))
    if len(scored) == 1 and scored[0].quad is None:
        expected, read = letters(scored[0].text), letters("".join(found_texts))
        result["whole_similarity"] = (similarity(expected, read), 1)
        result["whole_right"] = (edit_distance(expected, read) == 0, 1)
    return result


def set_metrics(images: Sequence[Shares]) -> dict[str, Metric]:
    """Return the metrics of a set, without those of weight 0."""
    names = sorted({name for image in images for name in image})
    draws = np.random.default_rng(0).integers(0, len(images), (_RESAMPLES, len(images)))
    result = {}
    for name in names:
        table = np.array([image.get(name, (0, 0)) for image in images], dtype=np.float64)
        part, whole = table.sum(axis=0)
        if whole == 0:
            continue
        parts, wholes = np.moveaxis(table[draws].sum(axis=1), 1, 0)
        low, high = np.percentile(parts[wholes > 0] / wholes[wholes > 0], [2.5, 97.5])
        result[name] = Metric(float(part / whole), float(low), float(high), float(whole))
    return result


def _bag_shares(
    name: str, labelled: Counter[str], found: Counter[str], *, partial: bool
) -> dict[str, tuple[float, float]]:
    hits = (labelled & found).total()
    if partial:
        return {f"{name}_recall": (hits, labelled.total())}
    return _retrieval(name, (hits, found.total()), (hits, labelled.total()))


def _retrieval(
    name: str, right: tuple[float, float], read: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """Return precision, recall, and F as the matched share of both sides."""
    return {
        f"{name}_precision": right,
        f"{name}_recall": read,
        f"{name}_f": (right[0] + read[0], right[1] + read[1]),
    }


def _line_shares(sample: Sample, found: Sequence[FoundLine]) -> dict[str, tuple[float, float]]:
    boxed = sum(has_box(label) for label in sample.labels)
    if boxed == 0:
        return {}
    matches = match_lines(sample.labels, found)
    read = sum(len(pair.labels) for pair in matches)
    result = _retrieval("line", (len(matches), len(found)), (read, boxed))
    judged = [
        (pair.text, unspaced(found[pair.line].text), found[pair.line].confidence)
        for pair in matches
        if pair.text is not None
    ]
    alike = [similarity(expected, text) for expected, text, _ in judged]
    result["line_similarity"] = (sum(alike), len(alike))
    confident = [
        edit_distance(expected, text) == 0
        for expected, text, confidence in judged
        if (confidence or 0) >= HIGH_CONFIDENCE
    ]
    result["sure_right"] = (sum(confident), len(confident))
    if sample.ordered:
        result["order_error"] = order_error(matches)
    return result


def order_error(matches: Sequence[Match]) -> tuple[int, int]:
    """Return the number of inverted pairs of matched lines, and of all pairs.

    Their ratio is the normalized Kendall tau distance: 0 in order, 1 in reverse.
    """
    first_labels = [min(pair.labels) for pair in sorted(matches, key=lambda pair: pair.line)]
    pairs = list(combinations(first_labels, 2))
    return sum(earlier > later for earlier, later in pairs), len(pairs)


def _is_read(label: Label, found: Sequence[FoundLine]) -> bool:
    """Return whether the label's text is part of the text found inside its box."""
    assert label.quad is not None
    inside = "".join(
        unspaced(line.text) for line in found if contains_centre(label.quad, line.quad)
    )
    return unspaced(label.text) in inside
