from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.accuracy.measure import Variant, recognize_set, row_of
from benchmarks.accuracy.worst_images import page, section
from benchmarks.engines import Recognition
from tests.unit.benchmarks.samples import box, found, write_set
from web_image_ocr.primitives.pixels import Pixels


class ConstantEngine:
    """Find the same text in every image."""

    versions: Mapping[str, str] = {}
    pid = 0

    def __init__(self, text: str) -> None:
        self.text = text
        self.shapes: list[tuple[int, ...]] = []

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        del detect_direction
        self.shapes.append(pixels.shape)
        return Recognition([found(self.text, box(0, 0, 9, 9), 0.99)], 0.5)


def set_of(tmp_path: Path, count: int) -> Path:
    folder = write_set(tmp_path / "made-up")
    labels = folder / "labels.jsonl"
    labels.write_text(labels.read_text(encoding="utf-8") * count, encoding="utf-8")
    return folder


def test_each_image_goes_to_every_engine(tmp_path: Path) -> None:
    engines = {"right": ConstantEngine("a b"), "wrong": ConstantEngine("c")}
    runs = recognize_set(set_of(tmp_path, 3), engines, Variant())
    right, wrong = (row_of(name, "made-up", Variant(), run) for name, run in runs.items())
    assert (right.value, wrong.value) == (1, 0)
    assert (right.images, sum(right.seconds)) == (3, 1.5)


def test_losses_are_counted_on_demand(tmp_path: Path) -> None:
    run = recognize_set(set_of(tmp_path, 3), {"right": ConstantEngine("a b")}, Variant())["right"]
    assert row_of("right", "made-up", Variant(), run).losses is None
    counted = row_of("right", "made-up", Variant(), run, with_losses=True)
    assert counted.losses is not None
    assert counted.as_json()["losses"]["units"] == {"labelled": 6, "found": 6}


def test_stacks_are_scored_as_their_parts(tmp_path: Path) -> None:
    engine, variant = ConstantEngine("a b"), Variant(stack=2)
    row = row_of(
        "ours",
        "made-up",
        variant,
        recognize_set(set_of(tmp_path, 3), {"ours": engine}, variant)["ours"],
    )
    assert engine.shapes == [(40, 30, 3), (20, 30, 3)]
    assert (row.images, row.metrics["word_recall"].of) == (3, 6)
    assert row.metrics["word_recall"].value == 4 / 6  # the engine finds its text once in a stack


def test_the_page_shows_losses_and_escapes_them(tmp_path: Path) -> None:
    runs = recognize_set(set_of(tmp_path, 1), {"ours": ConstantEngine("<b>x</b>")}, Variant())
    html = page([section(row_of("ours", "made-up", Variant(), runs["ours"]), runs["ours"])])
    assert html.count("<polygon") == 2
    assert "Words missed" in html
    assert "&lt;b&gt;" in html
    assert "<b>x" not in html


def test_a_correctly_recognized_image_is_not_on_the_page(tmp_path: Path) -> None:
    runs = recognize_set(set_of(tmp_path, 1), {"ours": ConstantEngine("a b")}, Variant())
    assert "<figure>" not in section(row_of("ours", "x", Variant(), runs["ours"]), runs["ours"])
