"""Measure short, odd and unknown text, on images drawn with a seed, and write a result file.

Usage: ``python -m benchmarks.short_text --kinds glyphs grids --engine ours --failures``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from PIL import Image

from benchmarks.dataset import set_names
from benchmarks.engines import ENGINES, OURS, Candidate, PeerExitedError, open_engine
from benchmarks.result_files import write_results
from benchmarks.short_text import (
    confidence,
    direction,
    glyphs,
    grids,
    lookalikes,
    noise,
    scripts,
)
from benchmarks.short_text.cases import Case, Figures, Kind
from benchmarks.short_text.drawing import FontsMissingError, check_fonts
from benchmarks.short_text.measure import Outcome, outcomes, summaries
from benchmarks.short_text.report import table

KINDS: Mapping[str, Kind] = {
    "glyphs": glyphs.KIND,
    "grids": grids.KIND,
    "direction": direction.KIND,
    "lookalikes": lookalikes.KIND,
    "confidence": confidence.KIND,
    "noise": noise.KIND,
    "scripts": scripts.KIND,
}
SEED = 4711


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.data and not set(arguments.sets or ()) <= set(set_names(arguments.data)):
        parser.error(f"--sets: choose from those in {arguments.data}")
    try:
        check_fonts()
    except FontsMissingError as error:
        parser.exit(1, f"{error}\n")
    started = datetime.now(UTC)
    results: dict[str, dict[str, dict[str, Figures]]] = {}
    with ExitStack() as stack:
        try:
            engines = {
                name: stack.enter_context(open_engine(name))
                for name in dict.fromkeys(arguments.engine or [OURS])
            }
        except PeerExitedError as error:
            parser.exit(1, f"{error}\n")
        for name in dict.fromkeys(arguments.kinds):
            results[name] = _measure(name, engines, arguments)
            print(table(name, results[name]), flush=True)
        versions = {name: dict(engine.versions) for name, engine in engines.items()}
    sheet = {"seed": arguments.seed, "versions": versions, "kinds": results}
    print(f"results: {write_results('short-text', started, sheet)}")


def _measure(
    name: str, engines: Mapping[str, Candidate], arguments: argparse.Namespace
) -> dict[str, dict[str, Figures]]:
    """Return the figures of a kind; print and save what fails, as the arguments say."""
    cases: Iterator[Case] = KINDS[name].cases(arguments.seed)
    if name == "confidence" and arguments.data:
        sets = arguments.sets or set_names(arguments.data)
        cases = chain(cases, confidence.labelled_cases(arguments.data, sets))
    return summaries(KINDS[name], _reported(name, outcomes(cases, engines), arguments))


def _reported(
    name: str, done: Iterable[Outcome], arguments: argparse.Namespace
) -> Iterator[Outcome]:
    for outcome in done:
        if outcome.verdict.failure is not None:
            if arguments.failures:
                failure = f"{name}, {outcome.case.name}: {outcome.verdict.failure}"
                print(f"{outcome.engine}: {failure}", flush=True)
            if arguments.images:
                _save(arguments.images / name, outcome)
        yield outcome


def _save(folder: Path, outcome: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "_" for c in f"{outcome.engine} {outcome.case.name}")
    Image.fromarray(outcome.case.pixels()).save(folder / f"{name}.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short_text", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeat for several")
    parser.add_argument("--seed", type=int, default=SEED, help="of the images")
    parser.add_argument("--data", type=Path, metavar="DIR", help="labelled sets, for confidence")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="only these sets; default: all")
    parser.add_argument("--failures", action="store_true", help="print each image that fails")
    parser.add_argument("--images", type=Path, metavar="DIR", help="save the images that fail")
    return parser


if __name__ == "__main__":
    main()
