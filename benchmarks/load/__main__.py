"""Measure a server under load beside the engine alone, and write a dated result file.

Usage: ``python -m benchmarks.load --data DIR --parts closed call workers open overload``.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dataset import set_names
from benchmarks.load.chart import draw
from benchmarks.load.generator import Generator
from benchmarks.load.images import body_of, choose, one_megabyte
from benchmarks.load.parts import PARTS, Bench
from benchmarks.result_files import write_results
from web_image_ocr.primitives.cpu import available_cores


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    known = set_names(arguments.data)
    sets = arguments.sets or known
    if not sets or not set(sets) <= set(known):
        parser.error(f"--sets: choose from those in {arguments.data}: {', '.join(known) or 'none'}")
    started = datetime.now(UTC)
    images = choose(arguments.data, sets, arguments.images)
    bodies = [body_of(image) for image in (*images, one_megabyte(images))]
    parts: dict[str, Any] = {}
    with Generator(bodies) as generator:
        bench = Bench(
            generator=generator,
            images=images,
            cores=available_cores(),
            rounds=arguments.rounds,
            laps=arguments.laps,
            seconds=arguments.seconds,
            overload_s=arguments.overload_seconds,
        )
        for name in arguments.parts:
            print(f"== {name}", flush=True)
            parts[name] = PARTS[name](bench)
            print(parts[name], flush=True)
    setting = {"sets": sets, "pictures": len(images), "workers": bench.cores}
    path = write_results("load", started, {**setting, "parts": parts})
    print(f"results: {path}")
    if "closed" in parts:
        draw(parts["closed"], path.with_suffix(".svg"))
        print(f"chart: {path.with_suffix('.svg')}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="names of sets; default: all")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--images",
        "--pictures",
        type=int,
        default=44,
        help="number of images, evenly from all sets",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="alternations of server and engine alone"
    )
    parser.add_argument(
        "--laps", type=int, default=3, help="passes over the images, one call at a time"
    )
    parser.add_argument(
        "--seconds", type=float, default=30, help="duration of each rate of the open loop"
    )
    parser.add_argument("--overload-seconds", type=float, default=120)
    return parser


if __name__ == "__main__":
    main()
