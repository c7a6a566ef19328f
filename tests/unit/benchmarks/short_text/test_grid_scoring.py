from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Verdict
from benchmarks.short_text.grid_scoring import Cell, judge
from tests.unit.benchmarks.samples import box, found


def grid(*rows: Sequence[str]) -> list[Cell]:
    """Return cells of 40 x 30 pixels with ink of 20 x 20 in their middle."""
    return [
        Cell(
            text,
            row,
            column,
            (40 * column, 30 * row, 40 * column + 40, 30 * row + 30),
            (40 * column + 10, 30 * row + 5, 40 * column + 30, 30 * row + 25),
        )
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]


def at(text: str, row: int, column: int, columns: int = 1, rows: int = 1) -> FoundLine:
    """Return a line tight around the ink of one or more cells."""
    place = 40 * column + 10, 30 * row + 5
    return found(text, box(*place, 40 * columns - 20, 30 * rows - 10), 0.9)


def counted(verdict: Verdict) -> dict[str, int]:
    return {key: count for key, count in verdict.counts.items() if count and key != "cells"}


def test_a_grid_read_row_by_row_has_no_failure() -> None:
    cells = grid("12", "34")
    verdict = judge(cells, [at("1", 0, 0), at("2", 0, 1), at("3", 1, 0), at("4", 1, 1)])
    assert (counted(verdict), verdict.failure, verdict.counts["cells"]) == ({}, None, 4)


def test_missed_and_misread_cells_are_told_apart() -> None:
    verdict = judge(grid("12", "34"), [at("1", 0, 0), at("7", 0, 1), at("3", 1, 0)])
    assert counted(verdict) == {"missed": 1, "misread": 1}
    assert verdict.failure is not None
    assert "['2', '4']" in verdict.failure


def test_a_misread_cell_does_not_count_as_out_of_order() -> None:
    swapped = judge(grid("12"), [at("2", 0, 0), at("1", 0, 1)])
    assert counted(swapped) == {"misread": 2}
    by_column = judge(grid("12", "34"), [at("1", 0, 0), at("3", 1, 0), at("2", 0, 1)])
    assert counted(by_column) == {"missed": 1, "out_of_order": 1}


def test_cells_of_a_row_may_be_one_line() -> None:
    verdict = judge(grid("123"), [at("1 2 3", 0, 0, columns=3)])
    assert (counted(verdict), verdict.failure) == ({"joined": 3}, None)
    partly = judge(grid("123"), [at("1 7 3", 0, 0, columns=3)])
    assert counted(partly) == {"joined": 3, "misread": 1}


def test_cells_joined_down_a_column_are_invented() -> None:
    verdict = judge(grid("12", "34"), [at("13", 0, 0, rows=2), at("2", 0, 1), at("4", 1, 1)])
    assert counted(verdict) == {"invented": 1, "missed": 2}


def test_text_beside_all_cells_and_a_second_text_are_invented() -> None:
    verdict = judge(grid("1"), [at("1", 0, 0), at("l", 0, 0), at("x", 4, 4)])
    assert counted(verdict) == {"invented": 2}


def test_a_loose_quad_belongs_to_the_cell_of_its_centre() -> None:
    verdict = judge(grid("12"), [found("1", box(2, 2, 12, 26)), at("2", 0, 1)])
    assert counted(verdict) == {}


def test_a_turned_line_is_counted() -> None:
    turned = found("1", np.roll(box(10, 5, 20, 20), 1, axis=0))
    assert counted(judge(grid("1"), [turned])) == {"turned": 1}
