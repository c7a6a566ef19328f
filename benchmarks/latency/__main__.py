"""Measure times and memory on labelled images and write a dated results file.

Usage: ``python -m benchmarks.latency --data DIR``; docs/benchmarks.md explains the figures.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dataset import load_set, set_names
from benchmarks.engines import ENGINES, OURS, PeerExitedError, open_engine
from benchmarks.latency import layouts, memory, sgemm, stages, start, timing
from benchmarks.result_files import write_results

PARTS = ("timing", "stages", "start", "memory", "sgemm", "layouts")
_PEERS = ("rapidocr", "rapidocr-openvino", "faster-paddle")


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    known = set_names(arguments.data)
    arguments.sets = arguments.sets or known
    if not known or not set(arguments.sets) <= set(known):
        parser.error(f"{arguments.data} holds the sets: {', '.join(known) or 'none'}")
    if arguments.chart and "timing" not in arguments.parts:
        parser.error("the chart shows the part timing")
    names = [OURS, *dict.fromkeys(arguments.peer or _PEERS)]
    started = datetime.now(UTC)
    results: dict[str, Any] = {"sets": arguments.sets, "most": arguments.most}
    try:
        for part in arguments.parts:
            print(f"--- {part}", flush=True)
            results |= _measure(part, arguments, names)
    except PeerExitedError as error:
        parser.exit(1, f"{error}\n")
    print(f"wrote {write_results('latency', started, results)}")
    if arguments.chart:
        from benchmarks.latency.chart import draw  # noqa: PLC0415 - its import is slow

        draw(results["timing"]["parts"], arguments.chart)


def _measure(part: str, arguments: argparse.Namespace, names: list[str]) -> dict[str, Any]:
    """Return the results of one part by its name; with ``timing`` also the engines' versions."""
    data, sets, most = arguments.data, arguments.sets, arguments.most
    match part:
        case "timing":
            with ExitStack() as stack:
                engines = {name: stack.enter_context(open_engine(name)) for name in names}
                measured = timing.measure(data, sets, engines, most=most, repeats=arguments.repeats)
                versions = {name: engine.versions for name, engine in engines.items()}
                return {"versions": versions, part: measured}
        case "stages":
            return {part: stages.measure(data, sets, most=most)}
        case "start":
            return {part: start.measure(names, next(load_set(data / sets[0])).pixels)}
        case "memory":
            count = arguments.images
            return {part: memory.measure(data, sets, most=most, image_count=count)}
        case "sgemm":
            return {part: sgemm.measure()}
        case _:
            measured = layouts.measure(data, sets, most=most, repeats=arguments.repeats)
            return {part: measured}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="names of sets; default: all")
    parser.add_argument(
        "--peer",
        action="append",
        choices=[name for name in ENGINES if name != OURS],
        help=f"repeat for several; default: {', '.join(_PEERS)}",
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure; default: all"
    )
    parser.add_argument(
        "--most", type=_positive, metavar="N", help="only the first N images of each set"
    )
    parser.add_argument(
        "--repeats", type=_positive, default=1, help="runs for each image; the median counts"
    )
    parser.add_argument(
        "--images",
        "--pictures",
        dest="images",
        type=_multiple_of_samples,
        default=2000,
        help="recognized by the part memory, a multiple of 20; default: 2000",
    )
    parser.add_argument("--chart", type=Path, metavar="SVG", help="also draw the chart of times")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _multiple_of_samples(text: str) -> int:
    number = _positive(text)
    if number % memory.SAMPLES:
        raise argparse.ArgumentTypeError(f"must be a multiple of {memory.SAMPLES}")
    return number


if __name__ == "__main__":
    main()
