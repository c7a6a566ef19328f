"""Run engines side by side on one set: each image goes to all of them before the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from benchmarks.accuracy.figures import Shares, over_pictures, shares
from benchmarks.accuracy.losses import losses_of
from benchmarks.accuracy.report import Row
from benchmarks.accuracy.transforms import cut_apart, stacked, turned
from benchmarks.dataset import Sample, load_set
from benchmarks.engines import Candidate, FoundLine
from benchmarks.traits import traits_of

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Variant:
    """Describe the transforms of the images before recognition.

    Attributes:
        angle: degrees clockwise that they are turned by, and the engine is asked to detect the
            direction; none leaves them as they are.
        stack: how many are stacked to one long image.
    """

    angle: float | None = None
    stack: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """Represent one image as an engine read it."""

    sample: Sample
    lines: list[FoundLine]
    shares: Shares


@dataclass(frozen=True, slots=True)
class Run:
    """Hold the results of one engine on one set, and the seconds of each image or stack."""

    readings: list[Reading] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def read_set(folder: Path, engines: Mapping[str, Candidate], variant: Variant) -> dict[str, Run]:
    """Run all engines on a set side by side, under the same machine load.

    A stack is scored as the images it was made of.
    """
    runs = {name: Run() for name in engines}
    for batch in _batches(load_set(folder), variant.stack):
        samples = batch
        if variant.angle is not None:
            samples = [turned(sample, variant.angle) for sample in batch]
        pictures = [sample.pixels for sample in samples]
        long_picture = stacked(pictures)
        for name, engine in engines.items():
            answer = engine.read(long_picture, detect_direction=variant.angle is not None)
            runs[name].seconds.append(answer.seconds)
            runs[name].readings.extend(
                Reading(sample, lines, shares(sample, lines))
                for sample, lines in zip(samples, cut_apart(answer.lines, pictures), strict=True)
            )
    return runs


def row_of(
    engine: str, set_name: str, variant: Variant, run: Run, *, with_losses: bool = False
) -> Row:
    """Return the figures of a run, on request with its losses."""
    figures = over_pictures([reading.shares for reading in run.readings])
    main = traits_of(set_name).main
    return Row(
        engine=engine,
        set_name=set_name,
        angle=variant.angle,
        stack=variant.stack,
        pictures=len(run.readings),
        main=main if main in figures else "word_recall",  # partial labels allow recall only
        figures=figures,
        seconds=run.seconds,
        losses=losses_of((x.sample, x.lines) for x in run.readings) if with_losses else None,
    )


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
