"""Check how look-alikes, images without text and unknown scripts are judged."""

from __future__ import annotations

import pytest

from benchmarks.short_text import scripts
from benchmarks.short_text.drawing import Style
from benchmarks.short_text.lookalikes import Token
from benchmarks.short_text.noise import Texture
from benchmarks.short_text.scripts import ScriptLine, is_known, to_visual_order
from tests.golden.fonts import SANS
from tests.support.textures import dot
from tests.unit.benchmarks.samples import box, found

STYLE = Style(SANS, 20, "black", "white")
QUAD = box(0, 0, 40, 10)


def token(*texts: str, group: str = "bars") -> Token:
    return Token(texts, group, STYLE, 6, 0)


@pytest.mark.parametrize(
    ("one", "read", "outcome"),
    [
        (token("ls -l"), [("ls", 0.9), ("-l", 0.9)], "right"),
        (token("Oi"), [("0i", 0.9)], "wrong_sure"),
        (token("Oi"), [("0i", 0.89)], "wrong_unsure"),
        (token("Oi"), [("0", 0.99), ("i", 0.5)], "wrong_unsure"),
        (token("Oi"), [], "nothing"),
        (token("m³"), [("m3", 1.0)], "wrong_sure"),
        (token("㎡", "m²"), [("m ²", 1.0)], "right"),
        (token("♪", ""), [], "right"),
        (token("１２", "12", group="full-width"), [("12", 1.0)], "right"),
        (token("１２", "12", group="full-width"), [("1 2", 1.0)], "wrong_sure"),
    ],
)
def test_tokens(one: Token, read: list[tuple[str, float]], outcome: str) -> None:
    verdict = one.judge([found(text, QUAD, confidence) for text, confidence in read])
    assert [key for key, count in verdict.counts.items() if count] == [outcome]
    assert (verdict.failure is None) == (outcome == "right")


def test_texts_in_noise_count_from_half_confidence() -> None:
    texture = Texture("dot", "dots", lambda: dot((9, 9), 3), detect_direction=True)
    lines = [found("H", QUAD, 0.5), found("abc", QUAD), found("x", QUAD, 0.49)]
    verdict = texture.judge(lines)
    assert verdict.counts == {"texts": 2, "texts_of_two_or_more": 1}
    assert texture.judge(lines[2:]).failure is None
    assert texture.name == "dot, detect_direction"


def script_line(text: str, *, known: bool = False) -> ScriptLine:
    return ScriptLine(text, "Cyrillic", known, STYLE, 0)


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        ([(".", 0.97)], {"images_with_wrong_text": 1, "wrong_texts": 1}),
        ([("B", 0.9), ("x", 0.6)], {"images_with_wrong_text": 1, "wrong_texts": 2}),
        ([("Bbixod", 0.3)], {"silent": 1}),
        ([], {"silent": 1}),
        ([("Выход", 0.3)], {"right": 1}),
    ],
)
def test_lines_of_a_script(read: list[tuple[str, float]], outcome: dict[str, int]) -> None:
    lines = [found(text, QUAD, confidence) for text, confidence in read]
    verdict = script_line("Выход").judge(lines)
    assert {key: count for key, count in verdict.counts.items() if count} == outcome


def test_silence_is_a_failure_where_the_script_is_known() -> None:
    assert script_line("Выход").judge([]).failure is None
    assert script_line("Grüße", known=True).judge([]).failure is not None


def test_mathematical_symbols_are_the_letters_they_look_like() -> None:
    assert script_line("ΔΣ", known=True).judge([found("∆∑", QUAD, 0.9)]).counts["right"] == 1


def test_arabic_is_joined_and_runs_from_right_to_left() -> None:
    assert to_visual_order("Выход") == "Выход"
    assert to_visual_order("שלום") == "םולש"
    # kha initial, ra final, waw isolated (ra does not join), jeem isolated
    assert to_visual_order("خروج") == "\ufe9d\ufeed\ufeae\ufea7"


def test_a_line_is_known_if_all_its_characters_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "_characters", lambda: frozenset("abü"))
    assert is_known("a bü")
    assert not is_known("abc")


@pytest.mark.models
def test_the_recognizer_knows_kana_and_not_cyrillic() -> None:
    assert is_known("ようこそ")
    assert is_known("Grüße")
    assert not is_known("Выход")
