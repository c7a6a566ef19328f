from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.images import draw_lines, rotate
from web_image_ocr import Engine, EngineConfig, Page, RecognitionOptions
from web_image_ocr.primitives.pixels import Pixels

pytestmark = pytest.mark.models

NINE_WORDS = [
    *("January", "March", "April", "August", "September", "October", "November", "Monday"),
    "Friday",
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    # float32: at 9 pixels, INT8 rounding may turn a 2 into a 6.
    return Engine(EngineConfig(threads=2, max_detection_pixels=262_144, precision="float32"))


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def screens(size: int) -> list[Pixels]:
    """Draw nine screens of four lines, in a font of that many pixels."""
    return [
        draw_lines(
            [
                (16, 20, f"Order number 40{k}7"),
                (16, 60, "Delivered to the front door"),
                (220, 100, "Show details"),
                (16, 140, "Write to the seller"),
            ],
            width=400,
            height=200,
            size=size,
        )
        for k in range(9)
    ]


def test_stacked_screens_have_the_lines_of_each(engine: Engine) -> None:
    small = screens(9)  # in one detector input, such a stack loses letters
    alone = [text for screen in small for text in texts(engine.recognize(screen))]
    assert len(alone) == 4 * len(small)
    assert texts(engine.recognize(np.vstack(small))) == alone


@pytest.mark.slow
def test_a_long_image_on_its_side_has_the_same_lines(engine: Engine) -> None:
    stack = np.vstack(screens(13))
    aligned = engine.recognize(rotate(stack, 90), RecognitionOptions(detect_direction=True))
    assert texts(aligned) == texts(engine.recognize(stack))
    assert len(aligned.lines) == 36


def test_words_along_a_strip_are_read(engine: Engine) -> None:
    words = [(40 + 900 * k, 0, word) for k, word in enumerate(NINE_WORDS)]
    page = engine.recognize(draw_lines(words, width=8192, height=15, size=12))
    from_left = sorted(page.lines, key=lambda line: line.quad[0][0])
    assert [line.text for line in from_left] == NINE_WORDS


def test_words_down_a_strip_are_read(engine: Engine) -> None:
    words = [(0, y, "No") for y in range(40, 8192, 900)]
    page = engine.recognize(draw_lines(words, width=15, height=8192, size=10))
    assert texts(page) == [text for _, _, text in words]
