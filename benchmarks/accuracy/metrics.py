"""Word bag: units found against units labelled, position left aside.

Both sides are normalised by NFKC and lower case; units are runs of ``[a-z0-9]`` and single
CJK characters. Hits are summed picture by picture, so a word found in another picture is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.accuracy.dataset import Sample

_UNIT = re.compile(r"[a-z0-9]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class FoundLine:
    """What an engine found: a text and its quad in pixels of the picture handed in."""

    text: str
    quad: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of units, of one picture or summed over many."""

    hits: int
    found: int
    labelled: int


def tally(sample: Sample, found: Iterable[FoundLine]) -> Tally:
    """The counts of one picture; lines centred in an ignored quad are left out."""
    ignored = [
        label.quad.astype(np.float32)
        for label in sample.labels
        if label.ignore and label.quad is not None
    ]
    expected = bag(label.text for label in sample.labels if not label.ignore)
    read = bag(line.text for line in found if not _inside_any(_centre(line), ignored))
    return Tally((expected & read).total(), read.total(), expected.total())


def bag(texts: Iterable[str]) -> Counter[str]:
    """The units of some texts, counted."""
    return Counter(
        unit
        for text in texts
        for unit in _UNIT.findall(unicodedata.normalize("NFKC", text).lower())
    )


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum over pictures."""
    counts = np.array([(t.hits, t.found, t.labelled) for t in tallies], dtype=int).reshape(-1, 3)
    hits, found, labelled = (int(n) for n in counts.sum(axis=0))
    return Tally(hits, found, labelled)


def f_score(counts: Tally) -> float:
    """2 x hits / (found + labelled), 0 to 1."""
    return 2 * counts.hits / max(1, counts.found + counts.labelled)


def f_interval(tallies: Sequence[Tally]) -> tuple[float, float]:
    """The 95 % interval of the word F, by a bootstrap over pictures with a fixed seed."""
    counts = np.array([(t.hits, t.found, t.labelled) for t in tallies], dtype=float)
    draws = np.random.default_rng(0).integers(0, len(counts), (_RESAMPLES, len(counts)))
    sums = counts[draws].sum(axis=1)
    scores = 2 * sums[:, 0] / np.maximum(1, sums[:, 1] + sums[:, 2])
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def _centre(line: FoundLine) -> tuple[float, float]:
    x, y = np.asarray(line.quad, dtype=np.float64).mean(axis=0)
    return float(x), float(y)


def _inside_any(point: tuple[float, float], quads: Iterable[cv2.typing.MatLike]) -> bool:
    return any(cv2.pointPolygonTest(quad, point, False) >= 0 for quad in quads)
