"""Draw the chart of times: those of each peer divided by ours, by group of images.

Usage, from existing results: ``python -m benchmarks.latency.chart RESULTS.json CHART.svg``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.engines import OURS
from benchmarks.latency.totals import GROUPS

_COLORS = ("#3b6ea5", "#d98032", "#5a9a5a", "#8a6fb0")


def draw(parts: Mapping[str, Any], path: Path) -> None:
    """Write the chart of a run's ``timing.parts`` as SVG; the same figures give the same file."""
    groups = [group for group in GROUPS if group in parts]
    peers = [name for name in parts["all"]["engines"] if name != OURS]
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(peers)
    for index, peer in enumerate(peers):
        middles = [x + (index - (len(peers) - 1) / 2) * width for x in range(len(groups))]
        ratios = [parts[group]["engines"][peer]["ratio_of_totals"] for group in groups]
        bars = axes.bar(middles, ratios, 0.92 * width, label=peer, color=_COLORS[index])
        label_box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # hides the line
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=9, bbox=label_box)
    axes.axhline(1, color="black", linewidth=1)
    axes.set_xticks(
        range(len(groups)),
        [f"{GROUPS[group]} ({parts[group]['pictures']})" for group in groups],
    )
    axes.set_ylabel("total time / ours")
    axes.set_title("Recognition time, ours = 1", fontsize=11)
    axes.margins(y=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=len(peers), frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "latency", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    results, chart = map(Path, sys.argv[1:])
    draw(json.loads(results.read_text(encoding="utf-8"))["timing"]["parts"], chart)
