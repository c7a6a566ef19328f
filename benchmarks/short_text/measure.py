"""Run engines on the cases of a kind: all get an image before the next one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.engines import Candidate
from benchmarks.short_text.cases import Case, Figures, Kind, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what one engine made of one image."""

    engine: str
    case: Case
    verdict: Verdict


def outcomes(cases: Iterable[Case], engines: Mapping[str, Candidate]) -> Iterator[Outcome]:
    """Recognize each image with all engines and judge what they found."""
    for case in cases:
        pixels = case.pixels()
        for name, engine in engines.items():
            answer = engine.recognize(pixels, detect_direction=case.detect_direction)
            yield Outcome(name, case, case.judge(answer.lines))


def summaries(kind: Kind, done: Iterable[Outcome]) -> dict[str, dict[str, Figures]]:
    """Return the figures by engine and by row of the table; outcomes are not kept."""
    verdicts: defaultdict[str, defaultdict[str, list[Verdict]]]
    verdicts = defaultdict(lambda: defaultdict(list))
    for outcome in done:
        for row, part in kind.parts(outcome.case.group, outcome.verdict):
            verdicts[outcome.engine][row].append(part)
    return {
        engine: {row: kind.summary(of_row) for row, of_row in rows.items()}
        for engine, rows in verdicts.items()
    }
