"""Run engines side by side on one set: all get an image before the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from benchmarks.accuracy.losses import losses_of
from benchmarks.accuracy.metrics import Shares, set_metrics, shares
from benchmarks.accuracy.report import Row
from benchmarks.accuracy.transforms import rotate, split_stack, stack_images
from benchmarks.dataset import Sample, load_set, traits_of
from benchmarks.engines import Candidate, FoundLine

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Variant:
    """Describe how images are transformed before recognition.

    Attributes:
        angle: Rotation in degrees clockwise, with `detect_direction`; None for neither.
        stack: Images stacked vertically into one.
    """

    angle: float | None = None
    stack: int = 1


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """Hold an image, the lines found and their metrics."""

    sample: Sample
    lines: list[FoundLine]
    shares: Shares


@dataclass(frozen=True, slots=True)
class Run:
    """Hold an engine's scored samples of a set and the seconds of each image or stack."""

    scored: list[ScoredSample] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def recognize_set(
    folder: Path, engines: Mapping[str, Candidate], variant: Variant
) -> dict[str, Run]:
    """Recognize a set with all engines, so that the machine's load is the same for each.

    A stack is scored as its separate images.
    """
    runs = {name: Run() for name in engines}
    for batch in _batches(load_set(folder), variant.stack):
        samples = batch
        if variant.angle is not None:
            samples = [rotate(sample, variant.angle) for sample in batch]
        images = [sample.pixels for sample in samples]
        stack = stack_images(images)
        for name, engine in engines.items():
            answer = engine.recognize(stack, detect_direction=variant.angle is not None)
            runs[name].seconds.append(answer.seconds)
            runs[name].scored.extend(
                ScoredSample(sample, lines, shares(sample, lines))
                for sample, lines in zip(samples, split_stack(answer.lines, images), strict=True)
            )
    return runs


def row_of(
    engine: str, set_name: str, variant: Variant, run: Run, *, with_losses: bool = False
) -> Row:
    """Return the metrics of a run, optionally with its losses."""
    metrics = set_metrics([sample.shares for sample in run.scored])
    main = traits_of(set_name).main
    return Row(
        engine=engine,
        set_name=set_name,
        angle=variant.angle,
        stack=variant.stack,
        images=len(run.scored),
        main=main if main in metrics else "word_recall",  # partial labels allow recall only
        metrics=metrics,
        seconds=run.seconds,
        losses=losses_of((x.sample, x.lines) for x in run.scored) if with_losses else None,
    )


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
