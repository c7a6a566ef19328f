"""Time engines in turn: every engine recognizes an image before the next image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.accuracy.metrics import Shares, shares
from benchmarks.dataset import Sample, load_set
from benchmarks.engines import Candidate
from benchmarks.latency.processes import wait_until_idle


@dataclass(frozen=True, slots=True)
class Timed:
    """Hold the times of one image.

    Attributes:
        set_name: of the image.
        seconds: by engine; the median of its runs.
        shares: accuracy figures by engine.
    """

    set_name: str
    seconds: Mapping[str, float]
    shares: Mapping[str, Shares]


def iter_images(data: Path, sets: Iterable[str], most: int | None) -> Iterator[tuple[str, Sample]]:
    """Yield the first images of each set, up to ``most`` of each, with the set's name."""
    for name in sets:
        for sample in islice(load_set(data / name), most):
            yield name, sample


def warm_up(data: Path, sets: Iterable[str], engines: Mapping[str, Candidate]) -> None:
    """Run every engine on the first image of each set."""
    for _, sample in iter_images(data, sets, 1):
        for engine in engines.values():
            engine.recognize(sample.pixels, detect_direction=False)


def time_engines(
    samples: Iterable[tuple[str, Sample]], engines: Mapping[str, Candidate], repeats: int
) -> Iterator[Timed]:
    """Yield the times of each image, recognized by every engine ``repeats`` times.

    One engine runs at a time, and the first of a round is the last of the next. So the state that
    one leaves in caches or in the clock of the cores affects the others equally.
    """
    names = list(engines)
    for number, (set_name, sample) in enumerate(samples):
        seconds: dict[str, list[float]] = {name: [] for name in names}
        found: dict[str, Shares] = {}
        for repeat in range(repeats):
            for name in rotate(names, number * repeats + repeat):
                answer = engines[name].recognize(sample.pixels, detect_direction=False)
                wait_until_idle(engines[name].pid)
                seconds[name].append(answer.seconds)
                found[name] = shares(sample, answer.lines)
        yield Timed(set_name, {name: median(times) for name, times in seconds.items()}, found)


def rotate(names: Sequence[str], turn: int) -> list[str]:
    """Return the names in their order, another one first at each turn."""
    first = turn % len(names)
    return [*names[first:], *names[:first]]
