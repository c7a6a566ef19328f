"""Measure engines on labelled images, side by side, and write a dated result file.

Usage: ``python -m benchmarks.accuracy --data DIR --engine ours --engine rapidocr``.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.accuracy import worst_images
from benchmarks.accuracy.measure import Variant, recognize_set, row_of
from benchmarks.accuracy.report import Row, against_plain, relative_errors, write
from benchmarks.dataset import set_names
from benchmarks.engines import ENGINES, OURS, PeerExitedError, open_engine
from benchmarks.peers.environments import ROOT

SHEETS = ROOT / "benchmarks" / "sheets"


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    known = set_names(arguments.data)
    wanted = arguments.sets or known
    if not wanted or not set(wanted) <= set(known):
        parser.error(f"--sets: choose from those in {arguments.data}: {', '.join(known) or 'none'}")
    names = list(dict.fromkeys(arguments.engine or [OURS]))
    variants = _variants(arguments.rotate, arguments.stack)
    started = datetime.now(UTC)
    rows: list[Row] = []
    sections: list[str] = []
    with ExitStack() as stack:
        try:
            engines = {name: stack.enter_context(open_engine(name)) for name in names}
        except PeerExitedError as error:
            parser.exit(1, f"{error}\n")
        for set_name in wanted:
            for variant in variants:
                runs = recognize_set(arguments.data / set_name, engines, variant)
                for name, run in runs.items():
                    rows.append(row_of(name, set_name, variant, run, with_losses=arguments.losses))
                    print(rows[-1], flush=True)
                    if rows[-1].losses is not None:
                        print(rows[-1].losses, flush=True)
                    if arguments.sheet and rows[-1].plain:
                        sections.append(worst_images.section(rows[-1], run))
        versions = {name: engine.versions for name, engine in engines.items()}
    for summary in (relative_errors(rows), *against_plain(rows)):
        print(json.dumps(summary))
    print(f"results: {write(rows, versions, started)}")
    if arguments.sheet:
        print(f"worst images: {_write_sheet(arguments.sheet, sections, started)}")


def _variants(step: int | None, stack: int | None) -> list[Variant]:
    variants = [Variant()]
    if step:
        variants += [Variant(angle=float(angle)) for angle in range(0, 360, step)]
    if stack:
        variants.append(Variant(stack=stack))
    return variants


def _write_sheet(folder: Path, sections: list[str], started: datetime) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"worst-{started.strftime('%Y%m%dT%H%M%SZ')}.html"
    path.write_text(worst_images.page(sections), encoding="utf-8")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="names of sets; default: all")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeat for several")
    parser.add_argument(
        "--rotate",
        type=_positive,
        metavar="STEP",
        help="also rotate by each multiple of STEP degrees, with detect_direction",
    )
    parser.add_argument(
        "--stack", type=_positive, metavar="N", help="also stack N images vertically into one"
    )
    parser.add_argument(
        "--losses",
        action="store_true",
        help="also count errors by cause, for sets whose labels have tight boxes",
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        nargs="?",
        const=SHEETS,
        metavar="DIR",
        help="write the worst images to an HTML page; default folder: benchmarks/sheets",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    main()
