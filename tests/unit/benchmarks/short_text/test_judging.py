"""Check how lone glyphs and directions are judged."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.short_text.direction import Sign
from benchmarks.short_text.drawing import Style
from benchmarks.short_text.glyphs import Glyph
from benchmarks.short_text.texts import plain, same_glyph, upside_down
from tests.golden.fonts import SANS
from tests.unit.benchmarks.samples import box, found

STYLE = Style(SANS, 20, "black", "white")
QUAD = box(5, 5, 20, 20)


@pytest.mark.parametrize(
    ("drawn", "read", "outcome"),
    [
        ("A", ["A"], {"right": 1, "strictly_right": 1}),
        ("O", ["0"], {"right": 1}),
        ("I", ["|"], {"right": 1}),
        ("w", ["Ｗ"], {"right": 1}),
        ("A", ["a"], {"wrong": 1}),
        ("A", ["A", "."], {"wrong": 1}),
        ("A", [], {"nothing": 1}),
    ],
)
def test_lone_glyphs(drawn: str, read: list[str], outcome: dict[str, int]) -> None:
    glyph = Glyph(drawn, "page", STYLE, "0")
    verdict = glyph.judge([found(text, QUAD) for text in read])
    assert {key: count for key, count in verdict.counts.items() if count} == outcome
    assert (verdict.failure is None) == ("right" in outcome)


def test_look_alikes_count_only_alone() -> None:
    assert same_glyph("0", "o")
    assert not same_glyph("10", "1o")


def test_text_upside_down() -> None:
    assert upside_down("99") == "66"
    assert upside_down("NO") == "ON"
    assert plain("Ａ b\n1") == "Ab1"


def sign(text: str, angle: int = 0) -> Sign:
    return Sign(text, STYLE, (5, 5, 5, 5), angle, 0)


@pytest.mark.parametrize(
    ("drawn", "read", "steps", "outcome"),
    [
        ("99", "99", 0, []),
        ("99", "66", 0, ["turned"]),
        ("99", "66", 2, ["turned"]),
        ("99", "99", 1, ["turned"]),
        ("99", "98", 0, ["misread"]),
        ("SOS", "SOS", 0, []),
        ("O", "0", 0, []),
    ],
)
def test_short_upright_text(drawn: str, read: str, steps: int, outcome: list[str]) -> None:
    verdict = sign(drawn).judge([found(read, np.roll(QUAD, steps, axis=0))])
    assert [key for key, count in verdict.counts.items() if count] == outcome
    assert (verdict.failure is not None) == ("turned" in outcome)


def test_no_line_at_all_is_not_turned() -> None:
    assert sign("99").judge([]).counts == {
        "turned": 0,
        "nothing": 1,
        "misread": 0,
        "control_missed": 0,
    }


@pytest.mark.parametrize(
    ("text", "steps", "missed"), [("tracking number", 1, 0), ("tracking number", 0, 1), ("x", 1, 1)]
)
def test_long_turned_text(text: str, steps: int, missed: int) -> None:
    # A quad that starts at its upper right corner runs downwards, as text turned by 90 degrees.
    line = found(text, np.roll(box(5, 5, 20, 80), -steps, axis=0))
    verdict = sign("Tracking number", angle=90).judge([line])
    assert verdict.counts["control_missed"] == missed
    assert verdict.counts["turned"] == 0
