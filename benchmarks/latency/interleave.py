"""Engines side by side: every engine reads a picture before the next one comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.accuracy.figures import Shares, shares
from benchmarks.dataset import Sample, load_set
from benchmarks.engines import Candidate
from benchmarks.latency.processes import wait_until_idle


@dataclass(frozen=True, slots=True)
class Timed:
    """One picture as all engines read it.

    Attributes:
        set_name: the set it is of.
        seconds: of each engine, by its name; of several readings, the median.
        shares: the accuracy figures of each engine.
    """

    set_name: str
    seconds: Mapping[str, float]
    shares: Mapping[str, Shares]


def iter_images(data: Path, sets: Iterable[str], most: int | None) -> Iterator[tuple[str, Sample]]:
    """The first pictures of each set, at most so many, with the set's name."""
    for name in sets:
        for sample in islice(load_set(data / name), most):
            yield name, sample


def warm_up(data: Path, sets: Iterable[str], engines: Mapping[str, Candidate]) -> None:
    """Has every engine read the first picture of each set."""
    for _, sample in iter_images(data, sets, 1):
        for engine in engines.values():
            engine.read(sample.pixels, detect_direction=False)


def time_engines(
    samples: Iterable[tuple[str, Sample]], engines: Mapping[str, Candidate], repeats: int
) -> Iterator[Timed]:
    """Each picture in turn, read by every engine so many times.

    One engine works at a time, and the first of a round is the last of the next: what one
    leaves behind, in caches or in the clock of the cores, meets the others alike.
    """
    names = list(engines)
    for number, (set_name, sample) in enumerate(samples):
        seconds: dict[str, list[float]] = {name: [] for name in names}
        found: dict[str, Shares] = {}
        for repeat in range(repeats):
            for name in rotate(names, number * repeats + repeat):
                answer = engines[name].read(sample.pixels, detect_direction=False)
                wait_until_idle(engines[name].pid)
                seconds[name].append(answer.seconds)
                found[name] = shares(sample, answer.lines)
        yield Timed(set_name, {name: median(times) for name, times in seconds.items()}, found)


def rotate(names: Sequence[str], turn: int) -> list[str]:
    """The names in their order, another one first at each turn."""
    first = turn % len(names)
    return [*names[first:], *names[:first]]
