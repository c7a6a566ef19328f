"""Part ``timing``: time our engine and its peers, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.engines import OURS, Candidate
from benchmarks.latency.interleave import iter_images, time_engines, warm_up
from benchmarks.latency.processes import busy_share, resident_mib
from benchmarks.latency.totals import by_group, format_table


def measure(
    data: Path,
    sets: Sequence[str],
    engines: Mapping[str, Candidate],
    *,
    most: int | None,
    repeats: int,
) -> dict[str, Any]:
    """Return the times of all engines, ours included.

    Returns:
        ``parts`` as of `by_group`, ratios to ours; ``idle_cores``: cores that each engine keeps
        busy while it waits; ``resident_mib``: of the peers, at the end.
    """
    warm_up(data, sets, engines)
    idle = {name: round(busy_share(engine.pid, 1.0), 3) for name, engine in engines.items()}
    parts = by_group(list(time_engines(iter_images(data, sets, most), engines, repeats)), OURS)
    print(format_table(parts), flush=True)
    memory = {
        name: round(resident_mib(engine.pid), 1)
        for name, engine in engines.items()
        if name != OURS  # it runs in the process of the benchmark
    }
    print(f"cores busy while waiting: {idle}; resident MiB: {memory}", flush=True)
    return {"repeats": repeats, "idle_cores": idle, "resident_mib": memory, "parts": parts}
