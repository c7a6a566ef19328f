"""Times and figures of engines on a group of pictures, as ratios to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.accuracy.figures import over_pictures
from benchmarks.latency.interleave import Timed
from benchmarks.traits import traits_of

GROUPS = {"web": "web pictures", "dense": "dense pages"}
"""The groups of sets, and what to call their pictures."""


def by_group(timed: Sequence[Timed], base: str) -> dict[str, Any]:
    """`compare_engines` for all pictures, for each group and for each set that has any."""
    sets = list(dict.fromkeys(picture.set_name for picture in timed))
    parts = {"all": timed}
    for group in GROUPS:
        parts[group] = [x for x in timed if traits_of(x.set_name).group == group]
    for name in sets:
        parts[name] = [x for x in timed if x.set_name == name]
    return {name: compare_engines(part, base) for name, part in parts.items() if part}


def compare_engines(timed: Sequence[Timed], base: str) -> dict[str, Any]:
    """What each engine took for some pictures, at least one, and how well it read them.

    Returns:
        ``pictures``: how many; ``engines``: by name ``seconds`` in sum, ``ratio_of_totals`` and
        ``median_of_ratios`` (above 1: slower than ``base``), ``word_f`` of the pictures that are
        labelled in full and ``word_recall`` of all, each none where no label allows it.
    """
    total = sum(picture.seconds[base] for picture in timed)
    engines = {}
    for name in timed[0].seconds:
        figures = over_pictures([picture.shares[name] for picture in timed])
        seconds = sum(picture.seconds[name] for picture in timed)
        ratios = [picture.seconds[name] / picture.seconds[base] for picture in timed]
        engines[name] = {
            "seconds": round(seconds, 3),
            "ratio_of_totals": round(seconds / total, 3),
            "median_of_ratios": round(median(ratios), 3),
            **{
                figure: round(figures[figure].value, 4) if figure in figures else None
                for figure in ("word_f", "word_recall")
            },
        }
    return {"pictures": len(timed), "engines": engines}


def format_table(parts: dict[str, Any]) -> str:
    """`by_group` for the terminal, a line for each engine of each part."""
    return "\n".join(
        f"{part:27} {len_of['pictures']:4}  {name:18} {row['seconds']:9.2f} s"
        f"  totals {row['ratio_of_totals']:6.2f}  median {row['median_of_ratios']:6.2f}"
        f"  word F {_shown(row['word_f'])}  recall {_shown(row['word_recall'])}"
        for part, len_of in parts.items()
        for name, row in len_of["engines"].items()
    )


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.4f}"
