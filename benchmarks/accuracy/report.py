"""Report a run: rows of figures, their summaries, the dated results file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.accuracy.figures import Figure
from benchmarks.accuracy.losses import Losses
from benchmarks.dated import write_dated

_EASY = 0.98  # the yardstick leaves no room worth comparing above this
_YARDSTICK = "rapidocr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Hold the figures of one engine on one set.

    Attributes:
        engine: its name.
        set_name: the set's.
        angle: degrees clockwise that the images were turned by, direction detected; none: as
            they are, direction not detected.
        stack: how many images were read as one long image.
        pictures: how many the set has.
        main: the name of the figure the set is judged by.
        figures: all that the labels allow, by name.
        seconds: for each image or stack read.
        losses: where the loss is, if it was asked for and the labels let it be judged.
    """

    engine: str
    set_name: str
    angle: float | None
    stack: int
    pictures: int
    main: str
    figures: Mapping[str, Figure]
    seconds: Sequence[float]
    losses: Losses | None = None

    @property
    def plain(self) -> bool:
        """Tell whether the images were read untransformed."""
        return self.angle is None and self.stack == 1

    @property
    def value(self) -> float:
        """Return the main figure."""
        return self.figures[self.main].value

    def as_json(self) -> dict[str, Any]:
        """Return the row for the file: figures with interval and weight, milliseconds."""
        times = [1000 * seconds for seconds in self.seconds]
        return {
            "engine": self.engine,
            "set": self.set_name,
            "angle": self.angle,
            "stack": self.stack,
            "pictures": self.pictures,
            "main": self.main,
            "figures": {
                name: {key: round(number, 4) for key, number in asdict(figure).items()}
                for name, figure in self.figures.items()
            },
            "ms": {
                "mean": round(mean(times), 1),
                "median": round(median(times), 1),
                "total": round(sum(times)),
            },
            "losses": self.losses and self.losses.as_json(),
        }

    def __str__(self) -> str:
        """One line for the terminal."""
        figure = self.figures[self.main]
        how = f"stacks of {self.stack}" if self.stack > 1 else "as is"
        how = how if self.angle is None else f"{self.angle:.0f} deg"
        others = " ".join(
            f"{name} {self.figures[name].value:.3f}"
            for name in ("word_f", "character_f", "line_f", "line_similarity", "sure_right")
            if name in self.figures and name != self.main
        )
        return (
            f"{self.set_name:27} {self.engine:14} {how:11} {self.main} {figure.value:.4f}"
            f" [{figure.low:.3f}, {figure.high:.3f}]"
            f"  {1000 * sum(self.seconds) / self.pictures:.0f} ms  {others}"
        )


def relative_errors(rows: Sequence[Row]) -> dict[str, Any]:
    """Mean of 1 - main figure of each engine over RapidOCR's, on the sets that are hard for it.

    Returns:
        The sets where RapidOCR's figure is below 0.98, and the ratio of each engine that read
        all of them; nothing if RapidOCR was not measured or all sets are easy.
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
    """For each engine and set: the main figure turned and stacked, beside that as it is."""
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
    """Write the dated results: figures only, without image names and texts."""
    return write_dated(
        "accuracy",
        started,
        {
            "versions": versions,
            "hard_sets": relative_errors(rows),
            "against_plain": against_plain(rows),
            "measured": [row.as_json() for row in rows],
        },
    )
