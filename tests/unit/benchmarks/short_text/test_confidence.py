from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.short_text.cases import Judged
from benchmarks.short_text.confidence import (
    LabelledImage,
    OneLine,
    auroc,
    labelled_cases,
    parts,
    summary,
    verdict_of,
)
from benchmarks.short_text.drawing import Style
from benchmarks.short_text.lines import DrawnLine
from tests.golden.fonts import SANS
from tests.unit.benchmarks.samples import box, found, label, sample, write_set

QUAD = box(0, 0, 40, 10)


def line(text: str) -> OneLine:
    return OneLine(DrawnLine(text, Style(SANS, 20, "black", "white"), "none", 0.0, 0))


def judged(confidence: float, length: int = 5, *, right: bool = True) -> Judged:
    return Judged(confidence, right, length)


def test_a_drawn_line_has_the_lowest_confidence_of_what_is_found() -> None:
    verdict = line("Blue river").judge([found("blue", QUAD, 0.9), found("river", QUAD, 0.7)])
    assert verdict.judged == (judged(0.7, 9),)
    assert verdict.failure == "right at 0.700: blueriver"


def test_a_drawn_line_without_result_is_not_judged() -> None:
    verdict = line("Blue").judge([])
    assert (verdict.judged, verdict.counts["nothing"]) == ((), 1)
    assert line("Blue").judge([found("Blue", QUAD)]).judged == ()  # no confidence


def test_the_dots_of_a_table_of_contents_are_not_compared() -> None:
    (one,) = line("Station ........ 5").judge([found("Station 5", QUAD, 1.0)]).judged
    assert (one.right, one.length) == (True, 16)
    (other,) = line("A.B").judge([found("AB", QUAD, 1.0)]).judged
    assert not other.right


def test_matched_lines_of_a_labelled_image() -> None:
    labels = [label("Open", QUAD), label("until", box(0, 30, 40, 10))]
    image = LabelledImage(sample(labels), "sroie")
    lines = [
        found("open", QUAD, 0.99),
        found("unti1", box(0, 30, 40, 10), 0.95),
        found("x", box(0, 80, 9, 9), 1.0),
    ]
    verdict = image.judge(lines)
    assert verdict.judged == (judged(0.99, 4), judged(0.95, 5, right=False))
    assert verdict.failure == "wrong at 0.950: unti1"


def test_labelled_sets_are_read_from_a_folder(tmp_path: Path) -> None:
    write_set(tmp_path / "made-up")
    assert [case.name for case in labelled_cases(tmp_path, ["made-up"])] == ["made-up a.png"]


def test_each_length_class_has_its_row() -> None:
    verdict = verdict_of([(judged(0.9, 1), "a"), (judged(0.8, 50), "b")])
    assert [(row, len(part.judged)) for row, part in parts("drawn", verdict)] == [
        ("drawn", 2),
        ("drawn, 1-2 characters", 1),
        ("drawn, over 40 characters", 1),
    ]
    rows = [row for row, _ in parts("sroie", verdict)]
    assert "sroie" in rows
    assert "labelled sets, 1-2 characters" in rows


def test_figures_of_lines() -> None:
    lines = [judged(0.99), judged(0.95), judged(0.7), judged(0.9, right=False)]
    figures = summary([verdict_of([(one, "")]) for one in lines])
    assert figures == {
        "nothing": 0,
        "lines": 4,
        "right": 3,
        "median_of_right": 0.95,
        "right_from_.8": pytest.approx(2 / 3),
        "sure_right": pytest.approx(2 / 3),
        "auroc": pytest.approx(2 / 3),
    }
    assert summary([])["median_of_right"] is None


def test_auroc() -> None:
    assert auroc([0.9, 0.8], [0.1]) == 1
    assert auroc([0.1], [0.9]) == 0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.5], []) is None
