"""Build small synthetic images, labels and answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.dataset import Label, Points, Sample
from benchmarks.engines import FoundLine


def box(x: float, y: float, width: float, height: float) -> Points:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float)


def label(text: str, quad: Points | None, *, ignore: bool = False, loose: bool = False) -> Label:
    return Label(text=text, quad=quad, ignore=ignore, loose=loose)


def found(text: str, quad: Points, confidence: float | None = None) -> FoundLine:
    return FoundLine(text, quad, confidence)


def sample(labels: Sequence[Label], *, partial: bool = False, ordered: bool = False) -> Sample:
    pixels = np.full((40, 60, 3), 200, np.uint8)
    return Sample("made-up.png", pixels, tuple(labels), partial=partial, ordered=ordered)
