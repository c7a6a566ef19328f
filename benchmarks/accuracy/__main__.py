"""Measures engines on labelled pictures and writes a dated result sheet.

Usage: ``python -m benchmarks.accuracy --data DIR --engine ours --engine rapidocr``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy.dataset import load_set, turned
from benchmarks.accuracy.engines import Candidate, open_engine
from benchmarks.accuracy.metrics import Tally, f_interval, f_score, tally, total

RESULTS = Path(__file__).resolve().parents[1] / "results"
DEFAULT_SETS = ("born_digital_icdar2013_ch1", "mtwi20")


def main() -> None:
    arguments = _parser().parse_args()
    angles: list[float | None] = [None]
    if arguments.rotate:
        angles += [float(angle) for angle in range(0, 360, arguments.rotate)]
    measured: list[dict[str, Any]] = []
    for name in arguments.engine or ["ours"]:
        with open_engine(name, arguments.peer_python) as engine:
            for set_name in arguments.sets:
                for angle in angles:
                    figures = measure(engine, arguments.data / set_name, angle)
                    measured.append({"engine": name, "set": set_name, **figures})
                    _show(measured[-1])
    sheet = {**_circumstances(), "measured": measured, "turned": summary_of_turned(measured)}
    for line in sheet["turned"]:
        print(json.dumps(line))
    path = _write(sheet)
    print(f"written to {path.relative_to(RESULTS.parents[1])}")


def measure(engine: Candidate, folder: Path, angle: float | None) -> dict[str, Any]:
    """Figures of one engine on one set.

    Args:
        engine: what is measured.
        folder: the set.
        angle: degrees clockwise that the pictures are turned by before reading, with the
            direction detected; none leaves them as they are, direction not detected.
    """
    tallies: list[Tally] = []
    seconds: list[float] = []
    partial = False
    for stored in load_set(folder):
        sample = stored if angle is None else turned(stored, angle)
        answer = engine.read(sample.pixels, detect_direction=angle is not None)
        tallies.append(tally(sample, answer.lines))
        seconds.append(answer.seconds)
        partial |= sample.partial
    counts = total(tallies)
    return {
        "angle": angle,
        "pictures": len(tallies),
        "labelled": counts.labelled,
        "found": counts.found,
        "hits": counts.hits,
        "recall": round(counts.hits / max(1, counts.labelled), 4),
        "word_f": None if partial else round(f_score(counts), 4),
        "word_f_95": None if partial else [round(bound, 4) for bound in f_interval(tallies)],
        "ms_mean": round(1000 * sum(seconds) / len(seconds), 1),
        "ms_median": round(1000 * sorted(seconds)[len(seconds) // 2], 1),
    }


def summary_of_turned(measured: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each engine and set that was turned: mean and worst word F against upright."""
    lines = []
    for upright in measured:
        scores = {
            figures["angle"]: figures["word_f"]
            for figures in measured
            if (figures["engine"], figures["set"]) == (upright["engine"], upright["set"])
            and figures["angle"] is not None
        }
        if upright["angle"] is not None or not scores or not upright["word_f"]:
            continue
        worst = min(scores, key=lambda angle: scores[angle])
        lines.append(
            {
                "engine": upright["engine"],
                "set": upright["set"],
                "upright": upright["word_f"],
                "mean_of_angles": round(sum(scores.values()) / len(scores), 4),
                "mean_to_upright": round(sum(scores.values()) / len(scores) / upright["word_f"], 4),
                "worst_angle": worst,
                "worst_to_upright": round(scores[worst] / upright["word_f"], 4),
            }
        )
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=list(DEFAULT_SETS), help="names of sets")
    parser.add_argument(
        "--engine", action="append", choices=["ours", "rapidocr"], help="repeat for several"
    )
    parser.add_argument(
        "--rotate", type=int, metavar="STEP", help="also turned by each multiple of STEP degrees"
    )
    parser.add_argument("--peer-python", type=Path, help="a Python that has RapidOCR 3.10")
    return parser


def _circumstances() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the developer's own git
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    packages = ("onnxruntime", "opencv-python-headless", "numpy", "pillow", "rapidocr")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _show(figures: dict[str, Any]) -> None:
    angle = "as is" if figures["angle"] is None else f"{figures['angle']:.0f} deg"
    print(
        f"{figures['engine']:9} {figures['set']:28} {angle:>8}  F {figures['word_f']}"
        f" {figures['word_f_95']}  R {figures['recall']}  {figures['ms_mean']} ms",
        flush=True,
    )


def _write(sheet: dict[str, Any]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"accuracy-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    path.write_text(json.dumps(sheet, indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
