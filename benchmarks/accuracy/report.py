"""Summarize runs: rows of metrics, comparisons, the dated result file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.accuracy.losses import Losses
from benchmarks.accuracy.metrics import Metric
from benchmarks.result_files import write_results

_EASY = 0.98  # above this the yardstick leaves too few errors to compare
_YARDSTICK = "rapidocr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold the metrics of one engine on one set.

    Attributes:
        engine: Engine name.
        set_name: Set name.
        angle: Rotation in degrees clockwise, with `detect_direction`; None for neither.
        stack: Images stacked vertically into one.
        images: Number of images.
        main: Name of the main metric.
        metrics: Metrics by name.
        seconds: Seconds of each image or stack.
        losses: Errors by cause, if requested and possible.
    """

    engine: str
    set_name: str
    angle: float | None
    stack: int
    images: int
    main: str
    metrics: Mapping[str, Metric]
    seconds: Sequence[float]
    losses: Losses | None = None

    @property
    def plain(self) -> bool:
        """Return whether the images were not transformed."""
        return self.angle is None and self.stack == 1

    @property
    def value(self) -> float:
        """Return the main metric."""
        return self.metrics[self.main].value

    def as_json(self) -> dict[str, Any]:
        """Return the row for the result file: metrics with interval and weight, times in ms."""
        times = [1000 * seconds for seconds in self.seconds]
        return {
            "engine": self.engine,
            "set": self.set_name,
            "angle": self.angle,
            "stack": self.stack,
            "pictures": self.images,
            "main": self.main,
            "figures": {
                name: {key: round(number, 4) for key, number in asdict(metric).items()}
                for name, metric in self.metrics.items()
            },
            "ms": {
                "mean": round(mean(times), 1),
                "median": round(median(times), 1),
                "total": round(sum(times)),
            },
            "losses": self.losses and self.losses.as_json(),
        }

    def __str__(self) -> str:
        """Format one line for the terminal."""
        metric = self.metrics[self.main]
        how = f"stacks of {self.stack}" if self.stack > 1 else "as is"
        how = how if self.angle is None else f"{self.angle:.0f} deg"
        others = " ".join(
            f"{name} {self.metrics[name].value:.3f}"
            for name in ("word_f", "character_f", "line_f", "line_similarity", "sure_right")
            if name in self.metrics and name != self.main
        )
        return (
            f"{self.set_name:27} {self.engine:14} {how:11} {self.main} {metric.value:.4f}"
            f" [{metric.low:.3f}, {metric.high:.3f}]"
            f"  {1000 * sum(self.seconds) / self.images:.0f} ms  {others}"
        )


def relative_errors(rows: Sequence[Row]) -> dict[str, Any]:
    """Return each engine's mean of 1 - main metric over RapidOCR's, on sets hard for RapidOCR.

    Returns:
        The sets where RapidOCR's metric is below 0.98, and the ratio of each engine that ran on
        all of them; empty if RapidOCR was not measured or all sets are easy.
    """
    errors: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row.plain:
            errors[row.engine][row.set_name] = 1 - row.value
    hard = {name for name, error in errors[_YARDSTICK].items() if error > 1 - _EASY}
    if not hard:
        return {}
    sums = {
        engine: sum(by_set[name] for name in hard)
        for engine, by_set in errors.items()
        if hard <= by_set.keys()
    }
    ratios = {engine: round(total / sums[_YARDSTICK], 4) for engine, total in sums.items()}
    return {"sets": sorted(hard), "error_to_rapidocr": ratios}


def against_plain(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Compare the main metric of rotated and stacked images with that of plain ones."""
    lines = []
    for plain in (row for row in rows if row.plain):
        own = [row for row in rows if (row.engine, row.set_name) == (plain.engine, plain.set_name)]
        line = {"engine": plain.engine, "set": plain.set_name, "plain": round(plain.value, 4)}
        angles = {
            row.angle: row.value / max(plain.value, 1e-9) for row in own if row.angle is not None
        }
        if angles:
            worst = min(angles, key=lambda angle: angles[angle])
            line["mean_of_angles_to_plain"] = round(mean(angles.values()), 4)
            line["worst_angle"], line["worst_to_plain"] = worst, round(angles[worst], 4)
        for row in own:
            if row.stack > 1:
                line["stacked_less_plain"] = round(row.value - plain.value, 4)
        if len(line) > 3:
            lines.append(line)
    return lines


def write(
    rows: Sequence[Row], versions: Mapping[str, Mapping[str, str]], started: datetime
) -> Path:
    """Write the dated result file: metrics only, without image names and texts."""
    return write_results(
        "accuracy",
        started,
        {
            "versions": versions,
            "hard_sets": relative_errors(rows),
            "against_plain": against_plain(rows),
            "measured": [row.as_json() for row in rows],
        },
    )
