"""Measure a server under load beside the bare engine, and write dated results.

Usage: ``python -m benchmarks.load --data DIR --parts closed call workers open overload``.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dataset import set_names
from benchmarks.dated import write_dated
from benchmarks.load.chart import draw
from benchmarks.load.generator import Generator
from benchmarks.load.parts import PARTS, Bench
from benchmarks.load.pictures import body_of, choose, one_megabyte
from web_image_ocr.primitives.cpu import available_cores


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    known = set_names(arguments.data)
    sets = arguments.sets or known
    if not sets or not set(sets) <= set(known):
        parser.error(f"{arguments.data} holds the sets: {', '.join(known) or 'none'}")
    started = datetime.now(UTC)
    pictures = choose(arguments.data, sets, arguments.pictures)
    bodies = [body_of(picture) for picture in (*pictures, one_megabyte(pictures))]
    parts: dict[str, Any] = {}
    with Generator(bodies) as generator:
        bench = Bench(
            generator=generator,
            pictures=pictures,
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
    setting = {"sets": sets, "pictures": len(pictures), "workers": bench.cores}
    path = write_dated("load", started, {**setting, "parts": parts})
    print(f"written to {path}")
    if "closed" in parts:
        draw(parts["closed"], path.with_suffix(".svg"))
        print(f"chart in {path.with_suffix('.svg')}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="names of sets; default: all")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--pictures", type=int, default=44, help="how many, from all sets alike")
    parser.add_argument("--rounds", type=int, default=5, help="of server and bare engine in turn")
    parser.add_argument("--laps", type=int, default=3, help="over the pictures, one at a time")
    parser.add_argument("--seconds", type=float, default=30, help="of each rate of the open loop")
    parser.add_argument("--overload-seconds", type=float, default=120)
    return parser


if __name__ == "__main__":
    main()
