from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import result_files
from benchmarks.accuracy.metrics import Metric
from benchmarks.accuracy.report import Row, against_plain, relative_errors, write


def row(
    engine: str, set_name: str, value: float, *, angle: float | None = None, stack: int = 1
) -> Row:
    return Row(
        engine=engine,
        set_name=set_name,
        angle=angle,
        stack=stack,
        images=2,
        main="word_f",
        metrics={"word_f": Metric(value, value, value, 10)},
        seconds=[0.2, 0.1],
    )


def test_errors_are_compared_on_sets_that_are_hard_for_rapidocr() -> None:
    rows = [
        row("rapidocr", "hard", 0.8),
        row("rapidocr", "harder", 0.6),
        row("rapidocr", "easy", 0.99),
        row("ours", "hard", 0.9),
        row("ours", "harder", 0.8),
        row("ours", "easy", 0.5),
        row("ours", "hard", 0.1, angle=90.0),
        row("other", "hard", 0.8),
    ]
    assert relative_errors(rows) == {
        "sets": ["hard", "harder"],
        "error_to_rapidocr": {"rapidocr": 1, "ours": 0.5},
    }


def test_no_comparison_without_rapidocr() -> None:
    assert relative_errors([row("ours", "hard", 0.9)]) == {}


def test_rotated_and_stacked_images_are_compared_with_plain_ones() -> None:
    rows = [
        row("ours", "a", 0.8),
        row("ours", "a", 0.8, angle=0.0),
        row("ours", "a", 0.6, angle=90.0),
        row("ours", "a", 0.7, stack=3),
        row("ours", "b", 0.8),
    ]
    assert against_plain(rows) == [
        {
            "engine": "ours",
            "set": "a",
            "plain": 0.8,
            "mean_of_angles_to_plain": 0.875,
            "worst_angle": 90.0,
            "worst_to_plain": 0.75,
            "stacked_less_plain": -0.1,
        }
    ]


def test_the_result_file_contains_metrics_times_and_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_files, "_RESULTS", tmp_path)
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    path = write([row("ours", "a", 0.81234567)], {"ours": {"numpy": "2"}}, started)
    sheet = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "accuracy-20260102T030405Z.json"
    assert sheet["versions"] == {"ours": {"numpy": "2"}}
    [measured] = sheet["measured"]
    assert measured["figures"]["word_f"]["value"] == 0.8123
    assert measured["ms"] == {"mean": 150, "median": 150, "total": 300}
    assert {"commit", "machine", "python", "date"} <= sheet.keys()
