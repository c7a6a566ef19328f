"""Compute the figures of one image, and of a set as sums over its images.

Every figure is a part of a whole, so that those of a set are the sum of the parts over the sum of
the wholes, and a word found in another image is not a hit. docs/benchmarks.md says what each means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.accuracy.lines import Match, has_box, holds, match, outside_ignored
from benchmarks.dataset import Label, Sample
from benchmarks.engines import FoundLine
from benchmarks.text import (
    character_bag,
    distance,
    letters,
    similarity,
    unspaced,
    word_bag,
)

SURE = 0.9
"""The confidence from which on a line is expected to be right."""

_RESAMPLES = 2000

Shares = Mapping[str, tuple[float, float]]
"""Part and whole of each figure of one image."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Represent a figure of a set, 0 to 1.

    Attributes:
        value: parts over wholes.
        low: of the 95 % interval, by a bootstrap over images.
        high: of the same.
        of: the sum of the wholes, the weight of the figure.
    """

    value: float
    low: float
    high: float
    of: float


def shares(sample: Sample, answer: Sequence[FoundLine]) -> Shares:
    """Return the figures of one image that its labels allow."""
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
        wanted, read = letters(scored[0].text), letters("".join(found_texts))
        result["whole_similarity"] = (similarity(wanted, read), 1)
        result["whole_right"] = (distance(wanted, read) == 0, 1)
    return result


def over_pictures(pictures: Sequence[Shares]) -> dict[str, Figure]:
    """Return the figures of a set, without those of weight 0."""
    names = sorted({name for picture in pictures for name in picture})
    draws = np.random.default_rng(0).integers(0, len(pictures), (_RESAMPLES, len(pictures)))
    result = {}
    for name in names:
        table = np.array([picture.get(name, (0, 0)) for picture in pictures], dtype=np.float64)
        part, whole = table.sum(axis=0)
        if whole == 0:
            continue
        parts, wholes = np.moveaxis(table[draws].sum(axis=1), 1, 0)
        low, high = np.percentile(parts[wholes > 0] / wholes[wholes > 0], [2.5, 97.5])
        result[name] = Figure(float(part / whole), float(low), float(high), float(whole))
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
    """Precision, recall, and F as the share of both sides that has its counterpart."""
    return {
        f"{name}_precision": right,
        f"{name}_recall": read,
        f"{name}_f": (right[0] + read[0], right[1] + read[1]),
    }


def _line_shares(sample: Sample, found: Sequence[FoundLine]) -> dict[str, tuple[float, float]]:
    boxed = sum(has_box(label) for label in sample.labels)
    if boxed == 0:
        return {}
    matches = match(sample.labels, found)
    read = sum(len(pair.labels) for pair in matches)
    result = _retrieval("line", (len(matches), len(found)), (read, boxed))
    judged = [
        (pair.text, unspaced(found[pair.line].text), found[pair.line].confidence)
        for pair in matches
        if pair.text is not None
    ]
    alike = [similarity(wanted, text) for wanted, text, _ in judged]
    result["line_similarity"] = (sum(alike), len(alike))
    sure = [distance(wanted, text) == 0 for wanted, text, surety in judged if (surety or 0) >= SURE]
    result["sure_right"] = (sum(sure), len(sure))
    if sample.ordered:
        result["order_error"] = order_error(matches)
    return result


def order_error(matches: Sequence[Match]) -> tuple[int, int]:
    """Pairs of matched lines that stand the other way round than their labels, and all pairs.

    The share is Kendall's distance, normalised: 0 in order, 1 in reverse.
    """
    first_labels = [min(pair.labels) for pair in sorted(matches, key=lambda pair: pair.line)]
    pairs = list(combinations(first_labels, 2))
    return sum(earlier > later for earlier, later in pairs), len(pairs)


def _is_read(label: Label, found: Sequence[FoundLine]) -> bool:
    """Tell whether the label's text is part of the text found inside its box."""
    assert label.quad is not None
    inside = "".join(unspaced(line.text) for line in found if holds(label.quad, line.quad))
    return unspaced(label.text) in inside
