from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.engine.shapes import rectangle
from web_image_ocr.engine.recognition.crops import (
    MARGIN_RATIO,
    MAX_LINE_WIDTH_PX,
    MAX_WIDTH_PX,
    crop_line,
    split_long_line,
)
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX
from web_image_ocr.primitives.pixels import Pixels


def letters(width: int) -> Pixels:
    """Return a line of black bars, 20 pixels wide, with 5 pixels of white between them."""
    line = np.full((LINE_HEIGHT_PX, width, 3), 255, np.uint8)
    line[10:38, np.arange(width) % 25 < 20] = 0
    return line


@pytest.mark.parametrize("gap", [3080, 3555, 4030])
def test_a_long_line_is_cut_in_a_gap_between_words(gap: int) -> None:
    line = letters(MAX_WIDTH_PX + 1000)
    line[:, gap : gap + 50] = 255
    (first, ends_word), (second, _) = split_long_line(line)
    assert ends_word
    assert gap < first.shape[1] < gap + 50
    assert np.array_equal(np.hstack([first, second]), line)


@pytest.mark.parametrize(
    ("step", "ink", "space", "ends_word"),
    [
        (25, 20, 0, False),
        (48, 43, 0, False),
        (25, 20, 14, True),
        (25, 20, 200, True),
        (25, 20, 2000, True),
    ],
    ids=["digits", "Chinese characters", "words", "columns", "nothing between"],
)
def test_a_cut_reports_whether_a_word_ends_there(
    step: int, ink: int, space: int, ends_word: bool
) -> None:
    """Characters are 5 pixels apart."""
    line = np.full((LINE_HEIGHT_PX, 6000, 3), 255, np.uint8)
    line[8:40, np.arange(6000) % step < ink] = 0
    line[:, 3050 : 3050 + space] = line[:, 4000 : 4000 + space] = 255
    (_, reported), *_ = split_long_line(line)
    assert reported is ends_word


def test_a_line_that_fits_is_left_whole() -> None:
    line = letters(MAX_WIDTH_PX)
    ((whole, _),) = split_long_line(line)
    assert np.array_equal(whole, line)


def test_a_line_wider_than_one_warp_is_the_same_as_its_halves() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1600, 1600, 3), dtype=np.uint8)
    image = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), dtype=np.uint8)
    height = 5.0
    grown = height * (1 + 2 * MARGIN_RATIO)
    halves = [180 * grown, 220 * grown]  # 48 pixels of the crop each time
    along = np.array([np.cos(np.deg2rad(40)), np.sin(np.deg2rad(40))])
    begins = np.array([100.0, 100.0])

    def crop(first: float, last: float) -> Pixels:
        x, y = begins + (first + last) / 2 * along
        width = last - first - 2 * MARGIN_RATIO * height  # cutting adds the margin again
        return crop_line(image, rectangle(40, width=width, height=height, centre=(x, y)))

    whole = crop(0.0, sum(halves))
    assert whole.shape == (LINE_HEIGHT_PX, 400 * LINE_HEIGHT_PX, 3)
    parts = np.hstack([crop(0.0, halves[0]), crop(halves[0], sum(halves))])
    assert np.max(cv2.absdiff(whole, parts)) <= 4


def test_a_line_longer_than_the_limit_is_squeezed() -> None:
    corners = np.array([[0.0, 0.0], [3999.0, 0.0], [3999.0, 1.0], [0.0, 1.0]])
    assert crop_line(np.zeros((2, 4000, 3), np.uint8), corners).shape == (
        LINE_HEIGHT_PX,
        MAX_LINE_WIDTH_PX,
        3,
    )
