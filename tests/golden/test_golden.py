"""Compare the text of drawn images with the drawing and with the stored results.

``results`` explains the tolerance. ``python -m tests.golden`` rewrites the golden file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.golden import fonts, results
from tests.golden.cases import CASES
from web_image_ocr import Engine, EngineConfig, TextLine
from web_image_ocr.primitives.cpu import has_vnni

needs_fonts = pytest.mark.skipif(
    bool(fonts.missing()),
    reason=fonts.install_hint(),
)

Result = tuple[list[str], results.Lines]
"""The drawn and the recognized lines."""


@pytest.fixture(scope="module")
def recognize() -> Callable[[str], Result]:
    """Return a function that draws and recognizes an image by name, once."""
    engine = Engine(results.CONFIG)

    @cache
    def recognize_once(name: str) -> Result:
        canvas = CASES[name].draw()
        return canvas.lines, results.recognize(engine, canvas, CASES[name])

    return recognize_once


@pytest.fixture(scope="module")
def fast_engine() -> Engine:
    return Engine(EngineConfig(threads=2, precision="int8"))


@needs_fonts
@pytest.mark.models
@pytest.mark.parametrize("name", CASES)
def test_drawn_text_is_recognized(name: str, recognize: Callable[[str], Result]) -> None:
    drawn, lines = recognize(name)
    found = [line.text for line in lines]
    assert results.share_right(drawn, found) >= CASES[name].right, found


@needs_fonts
@pytest.mark.models
@pytest.mark.skipif(not has_vnni(), reason="this CPU has no VNNI")
@pytest.mark.parametrize("name", CASES)
def test_drawn_text_is_recognized_with_int8(name: str, fast_engine: Engine) -> None:
    canvas = CASES[name].draw()
    found = [line.text for line in results.recognize(fast_engine, canvas, CASES[name])]
    assert results.share_right(canvas.lines, found) >= CASES[name].right, found


@needs_fonts
@pytest.mark.models
@pytest.mark.parametrize("name", CASES)
def test_results_equal_the_golden_file(name: str, recognize: Callable[[str], Result]) -> None:
    golden, drawn_with = results.load()
    differences = results.differences(golden[name], recognize(name)[1])
    here = fonts.digests()
    other = [font for font in here if here[font] != drawn_with.get(font)]
    note = f"\nthese fonts differ from those of the golden file: {', '.join(other)}"
    assert not differences, "\n".join(differences) + (note if other else "")


def test_the_golden_file_has_these_images_and_fonts() -> None:
    golden, drawn_with = results.load()
    assert list(golden) == list(CASES)
    assert set(drawn_with) == set(fonts.FONTS)


def line(text: str, confidence: float = 0.9, left: float = 10.0) -> TextLine:
    right = left + 80.0
    return TextLine(
        text=text,
        confidence=confidence,
        quad=((left, 10.0), (right, 10.0), (right, 30.0), (left, 30.0)),
    )


STORED = [line("one"), line("two"), line("smudge", 0.4)]


@pytest.mark.parametrize(
    "found",
    [
        STORED,
        [line("one", left=12.9), line("two", 0.86), line("smudge", 0.4)],
        [line("one"), line("two"), line("sludge", 0.5)],
        [line("one"), line("two")],
    ],
    ids=["same", "within tolerance", "doubtful and changed", "doubtful and missing"],
)
def test_small_differences_pass(found: list[TextLine]) -> None:
    assert results.differences(STORED, found) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([line("one"), line("tvo"), STORED[2]], ["- 'two'", "+ 'tvo'"]),
        ([line("one"), STORED[2]], ["- 'two'"]),
        ([line("two"), line("one"), STORED[2]], ["+ 'two'", "- 'two'"]),
        ([*STORED, line("more", 0.56)], ["+ 'more'"]),
        ([line("one", left=13.1), *STORED[1:]], ["'one': a corner moved by 3.1 px"]),
        ([line("one", 0.84), *STORED[1:]], ["'one': confidence 0.90 is now 0.84"]),
    ],
    ids=["other text", "missing", "other order", "invented", "moved", "less confident"],
)
def test_large_differences_are_reported(found: list[TextLine], said: list[str]) -> None:
    told = results.differences(STORED, found)
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


def test_share_right_counts_missing_invented_and_misplaced_text() -> None:
    assert results.share_right(["价：5", "a b"], ["价:5", "ab"]) == 1.0
    assert results.share_right(["abcd"], ["abc"]) == pytest.approx(6 / 7)
    assert results.share_right(["abcd"], ["abcdef"]) == pytest.approx(8 / 10)
    assert results.share_right(["abcd", "ef"], ["ef", "abcd"]) < 0.7
