"""Part ``layouts``: compare the default with every other number of threads for one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.engines import OurEngine
from benchmarks.latency.interleave import iter_images, time_engines, warm_up
from benchmarks.latency.totals import by_group, format_table
from web_image_ocr import EngineConfig
from web_image_ocr.primitives.cpu import available_cores

_DEFAULT = "default"


def measure(data: Path, sets: Sequence[str], *, most: int | None, repeats: int) -> dict[str, Any]:
    """Return the times of our engine by number of threads.

    Returns:
        ``parts`` as of `by_group`, ratios to the default; ``default_to_best``: for each part, the
        total of the default over the smallest total of the others.
    """
    layouts = {
        _DEFAULT: OurEngine(),
        **{
            f"threads={threads}": OurEngine(EngineConfig(threads=threads))
            for threads in range(1, available_cores() + 1)
        },
        "cores=1": OurEngine(cores=1),
    }
    warm_up(data, sets, layouts)
    parts = by_group(list(time_engines(iter_images(data, sets, most), layouts, repeats)), _DEFAULT)
    print(format_table(parts), flush=True)
    gaps = {name: default_to_best(part) for name, part in parts.items()}
    print(f"default / best layout: {gaps}", flush=True)
    return {"default_to_best": gaps, "parts": parts}


def default_to_best(part: dict[str, Any]) -> float:
    """Return the time of the default divided by that of the fastest other layout."""
    totals: dict[str, float] = {name: row["seconds"] for name, row in part["engines"].items()}
    default = totals.pop(_DEFAULT)
    return round(default / min(totals.values()), 3)
