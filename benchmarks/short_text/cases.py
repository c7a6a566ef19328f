"""Define what a kind of images is: cases, which judge the lines found, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.engines import FoundLine
from web_image_ocr.primitives.pixels import Pixels

Figures = Mapping[str, float | None]
"""Figures by name; None where nothing can be measured."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Represent one line whose text could be compared.

    Attributes:
        confidence: 0 to 1.
        right: The text has no error.
        length: Characters of the true text without spaces.
    """

    confidence: float
    right: bool
    length: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold what an engine made of one image.

    Attributes:
        counts: Parts of the figures; those that are 0 as well.
        failure: Expected and found text; None where nothing is wrong.
        judged: Lines with their confidence, where a kind measures it.
    """

    counts: Counter[str]
    failure: str | None = None
    judged: tuple[Judged, ...] = field(default=())


class Case(Protocol):
    """Describe one image of a kind."""

    @property
    def name(self) -> str:
        """Return a name that is unique in the kind."""
        ...

    @property
    def group(self) -> str:
        """Return the part of the kind that the image belongs to."""
        ...

    @property
    def detect_direction(self) -> bool:
        """Return whether the engine may turn the image."""
        ...

    def pixels(self) -> Pixels:
        """Return the image, (H, W, 3)."""
        ...

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Compare the lines found with what was drawn."""
        ...


def sum_counts(verdicts: Sequence[Verdict]) -> Figures:
    """Return the sums of all counts, and the number of images."""
    total: Counter[str] = Counter()
    for verdict in verdicts:
        total.update(verdict.counts)
    return {"images": len(verdicts), **total}


def by_group(group: str, verdict: Verdict) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdict for all images and for its group."""
    yield "all", verdict
    yield group, verdict


@dataclass(frozen=True, slots=True)
class Kind:
    """Describe a kind of images.

    Attributes:
        cases: Return the cases of a seed.
        summary: Return the figures of several verdicts.
        parts: Return the rows of the table that a verdict of a group counts in.
    """

    cases: Callable[[int], Iterator[Case]]
    summary: Callable[[Sequence[Verdict]], Figures] = sum_counts
    parts: Callable[[str, Verdict], Iterator[tuple[str, Verdict]]] = by_group


def confident(lines: Iterable[FoundLine], minimum: float = 0.5) -> list[FoundLine]:
    """Return the lines of at least a confidence; an engine without confidence is always sure."""
    return [line for line in lines if confidence_of(line) >= minimum]


def confidence_of(line: FoundLine) -> float:
    """Return the confidence of a line, 1 if its engine has none."""
    return 1.0 if line.confidence is None else line.confidence


def shown(lines: Sequence[FoundLine]) -> str:
    """Return the lines found for the report of a failure."""
    texts = (
        line.text if line.confidence is None else f"{line.text} ({line.confidence:.2f})"
        for line in lines
    )
    return " | ".join(texts) or "nothing"
