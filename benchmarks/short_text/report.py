"""Format the figures of a kind as a table."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.short_text.cases import Figures


def table(kind: str, results: Mapping[str, Mapping[str, Figures]]) -> str:
    """Return a table with one row for each group and engine."""
    rows = [
        (group, engine, figures)
        for engine, groups in results.items()
        for group, figures in groups.items()
    ]
    names = list(dict.fromkeys(name for *_, figures in rows for name in figures))
    cells = [[kind, "engine", *names]]
    for group, engine, figures in sorted(rows, key=lambda row: (row[0] != "all", row[0])):
        cells.append([group, engine, *(_shown(figures.get(name)) for name in names)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
