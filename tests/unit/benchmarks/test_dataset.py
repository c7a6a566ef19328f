from __future__ import annotations

from pathlib import Path

from benchmarks.dataset import load_set, set_names
from benchmarks.text import ANY_GLYPH
from tests.unit.benchmarks.samples import write_set


def test_an_image_with_its_labels(tmp_path: Path) -> None:
    [sample] = load_set(write_set(tmp_path / "any"))
    assert sample.pixels.shape == (20, 30, 3)
    assert sample.pixels.min() == 255  # composited on white
    assert [label.text for label in sample.labels] == ["a?b"]
    assert not sample.partial
    assert not sample.ordered
    assert not sample.labels[0].loose


def test_partial_images_and_loose_boxes(tmp_path: Path) -> None:
    view = {"text": "OK", "quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "ignore": False, "loose": True}
    [sample] = load_set(write_set(tmp_path / "screens", partial=True, lines=[view]))
    assert sample.partial
    assert sample.labels[0].loose


def test_a_known_set_has_its_lost_glyphs_and_order(tmp_path: Path) -> None:
    [sample] = load_set(write_set(tmp_path / "mtwi20"))
    assert sample.labels[0].text == f"a{ANY_GLYPH}b"
    [receipt] = load_set(write_set(tmp_path / "sroie"))
    assert receipt.ordered


def test_sets_are_the_folders_with_labels(tmp_path: Path) -> None:
    write_set(tmp_path / "b")
    write_set(tmp_path / "a")
    (tmp_path / "empty").mkdir()
    assert set_names(tmp_path) == ["a", "b"]
