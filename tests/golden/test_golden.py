"""Pictures drawn here, read, and compared with what was drawn and with what was read before.

The tolerance and its reason are in ``results``; ``python -m tests.golden`` writes what is read
now into the golden file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.golden import fonts, results
from tests.golden.pictures import CASES
from web_image_ocr import Engine, EngineConfig, TextLine
from web_image_ocr.primitives.cpu import has_vnni

needs_fonts = pytest.mark.skipif(
    bool(fonts.missing()),
    reason=f"fonts are missing; as root: apt-get install {' '.join(fonts.packages())}",
)

Reading = tuple[list[str], results.Lines]
"""What was drawn, and what was found."""


@pytest.fixture(scope="module")
def reading() -> Callable[[str], Reading]:
    """Draws and reads the picture of a name, once."""
    engine = Engine(results.CONFIG)

    @cache
    def read(name: str) -> Reading:
        board = CASES[name].draw()
        return board.lines, results.read(engine, board, CASES[name])

    return read


@pytest.fixture(scope="module")
def fast_engine() -> Engine:
    return Engine(EngineConfig(threads=2, precision="int8"))


@needs_fonts
@pytest.mark.models
@pytest.mark.parametrize("name", CASES)
def test_what_was_drawn_is_read(name: str, reading: Callable[[str], Reading]) -> None:
    drawn, lines = reading(name)
    found = [line.text for line in lines]
    assert results.share_right(drawn, found) >= CASES[name].right, found


@needs_fonts
@pytest.mark.models
@pytest.mark.skipif(not has_vnni(), reason="this processor has no products of 8 bits")
@pytest.mark.parametrize("name", CASES)
def test_what_was_drawn_is_read_with_numbers_of_8_bits(name: str, fast_engine: Engine) -> None:
    board = CASES[name].draw()
    found = [line.text for line in results.read(fast_engine, board, CASES[name])]
    assert results.share_right(board.lines, found) >= CASES[name].right, found


@needs_fonts
@pytest.mark.models
@pytest.mark.parametrize("name", CASES)
def test_what_is_read_is_what_was_read_before(name: str, reading: Callable[[str], Reading]) -> None:
    golden, drawn_with = results.load()
    differences = results.differences(golden[name], reading(name)[1])
    here = fonts.digests()
    other = [font for font in here if here[font] != drawn_with.get(font)]
    note = f"\nmay come from other versions of the fonts than then: {', '.join(other)}"
    assert not differences, "\n".join(differences) + (note if other else "")


def test_the_golden_file_holds_these_pictures_and_fonts() -> None:
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


KEPT = [line("one"), line("two"), line("smudge", 0.4)]


@pytest.mark.parametrize(
    "found",
    [
        KEPT,
        [line("one", left=12.9), line("two", 0.86), line("smudge", 0.4)],
        [line("one"), line("two"), line("sludge", 0.5)],
        [line("one"), line("two")],
    ],
    ids=["same", "within tolerance", "doubtful and other", "doubtful and gone"],
)
def test_small_differences_pass(found: list[TextLine]) -> None:
    assert results.differences(KEPT, found) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([line("one"), line("tvo"), KEPT[2]], ["- 'two'", "+ 'tvo'"]),
        ([line("one"), KEPT[2]], ["- 'two'"]),
        ([line("two"), line("one"), KEPT[2]], ["+ 'two'", "- 'two'"]),
        ([*KEPT, line("more", 0.56)], ["+ 'more'"]),
        ([line("one", left=13.1), *KEPT[1:]], ["'one': a corner moved by 3.1 px"]),
        ([line("one", 0.84), *KEPT[1:]], ["'one': confidence 0.90 is now 0.84"]),
    ],
    ids=["other text", "gone", "other order", "invented", "moved", "less sure"],
)
def test_large_differences_are_told(found: list[TextLine], said: list[str]) -> None:
    told = results.differences(KEPT, found)
    assert len(told) == len(said)
    assert all(part in sentence for part, sentence in zip(said, told, strict=True))


def test_share_right_counts_what_is_lost_invented_or_out_of_order() -> None:
    assert results.share_right(["价：5", "a b"], ["价:5", "ab"]) == 1.0
    assert results.share_right(["abcd"], ["abc"]) == pytest.approx(6 / 7)
    assert results.share_right(["abcd"], ["abcdef"]) == pytest.approx(8 / 10)
    assert results.share_right(["abcd", "ef"], ["ef", "abcd"]) < 0.7
