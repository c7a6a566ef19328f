"""Judge confidence by the length of lines, and how well it separates right lines from wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.accuracy.matching import match_lines, outside_ignored
from benchmarks.dataset import Sample, load_set
from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Figures, Judged, Kind, Verdict
from benchmarks.short_text.lines import DrawnLine, drawn_lines
from benchmarks.short_text.texts import same_glyph
from benchmarks.text import edit_distance, unspaced
from web_image_ocr.primitives.pixels import Pixels

CLASSES = {"1-2": (1, 2), "3-10": (3, 10), "11-40": (11, 40), "over 40": (41, 10**6)}
"""Least and most characters without spaces."""
HIGH, SURE = 0.8, 0.9
"""Confidence that right lines should have; from which lines should be right."""


DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class OneLine:
    """Represent a drawn line; what is found in its image counts as one line."""

    line: DrawnLine
    group: str = DRAWN
    detect_direction: bool = False

    @property
    def name(self) -> str:
        """Return the line's name."""
        return self.line.name

    def pixels(self) -> Pixels:
        """Return the image."""
        return self.line.pixels()

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Compare the joined text; its confidence is the lowest of the lines."""
        wanted = unspaced(self.line.text)
        length, found = len(wanted), unspaced("".join(line.text for line in lines))
        levels = [line.confidence for line in lines if line.confidence is not None]
        if not found or not levels:
            return verdict_of([], nothing=int(not found))
        if "..." in wanted:  # a table of contents, nobody counts its dots
            wanted, found = (text.replace(".", "") for text in (wanted, found))
        return verdict_of([(Judged(min(levels), same_glyph(wanted, found), length), found)])


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """Represent an image of a labelled set; only lines that match labels are judged."""

    sample: Sample
    group: str
    detect_direction: bool = False

    @property
    def name(self) -> str:
        """Return set and file name."""
        return f"{self.group} {self.sample.name}"

    def pixels(self) -> Pixels:
        """Return the image."""
        return self.sample.pixels

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Compare the lines that match labels with IoU >= 0.5, as `benchmarks.accuracy` does."""
        found = outside_ignored(lines, self.sample.labels)
        judged = []
        for match in match_lines(self.sample.labels, found):
            line = found[match.line]
            if match.text and line.confidence is not None:
                right = edit_distance(match.text, unspaced(line.text)) == 0
                judged.append((Judged(line.confidence, right, len(match.text)), line.text))
        return verdict_of(judged)


def cases(seed: int) -> Iterator[OneLine]:
    """Yield the drawn lines."""
    return map(OneLine, drawn_lines(seed))


def labelled_cases(data: Path, sets: Sequence[str]) -> Iterator[LabelledImage]:
    """Yield the images of labelled sets."""
    for name in sets:
        for sample in load_set(data / name):
            yield LabelledImage(sample, name)


def verdict_of(judged: Sequence[tuple[Judged, str]], nothing: int = 0) -> Verdict:
    """Return a verdict; right lines below `HIGH` and wrong ones from `SURE` on are failures."""
    bad = [
        f"{'right' if line.right else 'wrong'} at {line.confidence:.3f}: {text}"
        for line, text in judged
        if (line.right and line.confidence < HIGH) or (not line.right and line.confidence >= SURE)
    ]
    lines = tuple(line for line, _ in judged)
    return Verdict(Counter(nothing=nothing), "; ".join(bad) or None, lines)


def parts(group: str, verdict: Verdict) -> Iterator[tuple[str, Verdict]]:
    """Yield the verdict for drawn lines or a set and all sets, and for each length class of it."""
    for row in (group,) if group == DRAWN else (group, "labelled sets"):
        yield row, verdict
        for name, (least, most) in CLASSES.items():
            lines = tuple(line for line in verdict.judged if least <= line.length <= most)
            if lines:
                yield f"{row}, {name} characters", Verdict(Counter(), judged=lines)


def summary(verdicts: Sequence[Verdict]) -> Figures:
    """Return the figures of all judged lines."""
    judged = [line for verdict in verdicts for line in verdict.judged]
    right = [line.confidence for line in judged if line.right]
    wrong = [line.confidence for line in judged if not line.right]
    sure = [line.right for line in judged if line.confidence >= SURE]
    return {
        "nothing": sum(verdict.counts["nothing"] for verdict in verdicts),
        "lines": len(judged),
        "right": len(right),
        "median_of_right": median(right) if right else None,
        "right_from_.8": _share([confidence >= HIGH for confidence in right]),
        "sure_right": _share(sure),
        "auroc": auroc(right, wrong),
    }


def auroc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """Return the probability that a right line has more confidence than a wrong one, ties half."""
    if not right or not wrong:
        return None
    levels = np.sort(wrong)
    below = np.searchsorted(levels, right, side="left")
    at_most = np.searchsorted(levels, right, side="right")
    return float((below + at_most).mean() / (2 * len(wrong)))


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


KIND = Kind(cases, summary, parts)
