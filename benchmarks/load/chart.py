"""Draw the chart of the closed loop: throughput and latency over concurrency.

Usage, to draw it from a result file: ``python -m benchmarks.load.chart RESULTS.json CHART.svg``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

_RATE, _LATENCY = "#3b6ea5", "#d98032"


def draw(closed: Mapping[str, Any], path: Path) -> None:
    """Write the chart of a run's part ``closed`` as SVG; the output is deterministic."""
    rows = closed["by_concurrency"]
    calls = [row["concurrency"] for row in rows]
    bare = [one["bare_per_second"] for one in closed["rounds"]]
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(calls, [row["per_second"] for row in rows], "o-", color=_RATE, label="server")
    left.axhline(sum(bare) / len(bare), color="black", linewidth=1, label="engine alone")
    left.set_ylabel("images a second")
    for name, style in (("p50", "o:"), ("p99", "o-")):
        seconds = [row["accepted_ms"][name] / 1000 for row in rows]
        right.plot(calls, seconds, style, color=_LATENCY, label=name)
    right.set_ylabel("latency in seconds")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(calls, [str(count) for count in calls])
        axes.set_xlabel("concurrent calls")
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "load", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    results, chart = map(Path, sys.argv[1:])
    draw(json.loads(results.read_text(encoding="utf-8"))["parts"]["closed"], chart)
