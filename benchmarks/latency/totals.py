"""Compare times and accuracy of engines on a group of images, as ratios to one engine."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.accuracy.metrics import set_metrics
from benchmarks.dataset import traits_of
from benchmarks.latency.interleave import Timed

GROUPS = {"web": "web images", "dense": "dense pages"}
"""The groups of sets and the labels of their images."""


def by_group(timed: Sequence[Timed], base: str) -> dict[str, Any]:
    """Return `compare_engines` for all images, each group and each set with images."""
    sets = list(dict.fromkeys(image.set_name for image in timed))
    parts = {"all": timed}
    for group in GROUPS:
        parts[group] = [x for x in timed if traits_of(x.set_name).group == group]
    for name in sets:
        parts[name] = [x for x in timed if x.set_name == name]
    return {name: compare_engines(part, base) for name, part in parts.items() if part}


def compare_engines(timed: Sequence[Timed], base: str) -> dict[str, Any]:
    """Return time and accuracy of each engine on some images, at least one.

    Returns:
        ``pictures``: number of images; ``engines``: by name total ``seconds``, ``ratio_of_totals``
        and ``median_of_ratios`` (above 1: slower than ``base``), ``word_f`` of fully labelled
        images and ``word_recall`` of all, each None where the labels do not allow it.
    """
    total = sum(image.seconds[base] for image in timed)
    engines = {}
    for name in timed[0].seconds:
        figures = set_metrics([image.shares[name] for image in timed])
        seconds = sum(image.seconds[name] for image in timed)
        ratios = [image.seconds[name] / image.seconds[base] for image in timed]
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
    """Return the result of `by_group` as text, a line for each engine of each part."""
    return "\n".join(
        f"{part:27} {result['pictures']:4}  {name:18} {row['seconds']:9.2f} s"
        f"  totals {row['ratio_of_totals']:6.2f}  median {row['median_of_ratios']:6.2f}"
        f"  word F {_format_figure(row['word_f'])}  recall {_format_figure(row['word_recall'])}"
        for part, result in parts.items()
        for name, row in result["engines"].items()
    )


def _format_figure(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.4f}"
