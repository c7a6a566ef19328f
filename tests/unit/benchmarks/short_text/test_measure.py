from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.engines import FoundLine, Recognition
from benchmarks.short_text.cases import Case, Kind, Verdict
from benchmarks.short_text.measure import outcomes, summaries
from benchmarks.short_text.report import table
from tests.unit.benchmarks.samples import box, found
from web_image_ocr.primitives.pixels import Pixels


@dataclass(frozen=True)
class Word:
    name: str
    group: str
    detect_direction: bool = False

    def pixels(self) -> Pixels:
        return np.full((8, 8, 3), 255, np.uint8)

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        right = [line.text for line in lines] == [self.name]
        return Verdict(Counter(right=int(right)), None if right else self.name)


class Fixed:
    """Find the same text in every image."""

    versions: Mapping[str, str] = {}
    pid = 0

    def __init__(self, text: str) -> None:
        self.text = text

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        del pixels, detect_direction
        return Recognition([found(self.text, box(0, 0, 9, 9), 0.9)], 0.1)


def test_figures_by_engine_and_group() -> None:
    cases: list[Case] = [Word("a", "one"), Word("b", "one"), Word("a", "two")]
    engines = {"ours": Fixed("a"), "other": Fixed("b")}
    figures = summaries(Kind(lambda _: iter(cases)), outcomes(cases, engines))
    assert figures == {
        "ours": {
            "all": {"images": 3, "right": 2},
            "one": {"images": 2, "right": 1},
            "two": {"images": 1, "right": 1},
        },
        "other": {
            "all": {"images": 3, "right": 1},
            "one": {"images": 2, "right": 1},
            "two": {"images": 1, "right": 0},
        },
    }


def test_the_table_begins_with_all_images_and_shows_what_is_not_measured() -> None:
    rows = table("words", {"ours": {"one": {"share": 0.5}, "all": {"share": None}}}).splitlines()
    assert [row.split() for row in rows] == [
        ["words", "engine", "share"],
        ["all", "ours", "-"],
        ["one", "ours", "0.5000"],
    ]
