from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from tests.property.engine.strategies import rectangles
from web_image_ocr.engine.layout.reading_order import reading_order
from web_image_ocr.engine.page import Quad

Corners = npt.NDArray[np.float64]

QUARTERS = st.sampled_from([0.0, 90.0, 180.0, 270.0])
# Less than three degrees may be the error of a few short boxes.
ANGLES = st.builds(float.__add__, QUARTERS, st.one_of(st.just(0.0), st.floats(3.0, 87.0)))
SEEDS = st.integers(0, 2**32 - 1)


def box(x: float, y: float, width: float, height: float) -> Corners:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def rotated(corners: Corners, angle: float) -> Corners:
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    around: Corners = corners @ np.array([[cos, sin], [-sin, cos]])
    return around


def to_quad(corners: Corners) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d


def order_of(boxes: Corners) -> list[int]:
    return reading_order([to_quad(corners) for corners in boxes])


@st.composite
def tables(draw: st.DrawFn) -> Corners:
    """Draw cells in rows, (N, 4, 2), in reading order: lines of 10 px and gaps of all widths.

    Each cell is off its row by at most a fifth of its height.
    """
    random = np.random.default_rng(draw(SEEDS))
    rows, cells = draw(st.integers(1, 8)), draw(st.integers(1, 12))
    pitch, widest_gap = draw(st.floats(14.0, 40.0)), draw(st.sampled_from([2.0, 20.0, 90.0]))
    starts = np.cumsum(random.uniform(100.0, 100.0 + widest_gap, cells))
    boxes = [
        box(start, row * pitch + random.uniform(-2.0, 2.0), random.uniform(16.0, 99.0), 10.0)
        for row in range(rows)
        for start in starts
        if random.random() < 0.9
    ]
    return np.array(boxes or [box(0.0, 0.0, 20.0, 10.0)])


@st.composite
def pages(draw: st.DrawFn) -> Corners:
    """Draw boxes of many sizes that do not touch, (N, 4, 2): lines, headings, columns."""
    random = np.random.default_rng(draw(SEEDS))
    boxes: list[Corners] = [box(0.0, -100.0, 400.0, 20.0)]
    for _ in range(draw(st.integers(0, 25))):
        x, y = random.uniform(0.0, 600.0, 2)
        height = random.choice([12.0, 20.0, 60.0])
        new = box(x, y, height * random.uniform(1.6, 8.0), height)
        if random.random() < 0.2:
            new = box(x, y, 15.0, random.uniform(40.0, 200.0))[[1, 2, 3, 0]]
        if not any(touching(new, other) for other in boxes):
            boxes.append(new)
    return np.array(boxes)


def touching(one: Corners, other: Corners) -> bool:
    apart = (one.max(axis=0) < other.min(axis=0)) | (other.max(axis=0) < one.min(axis=0))
    return not apart.any()


@given(st.lists(rectangles, max_size=12), st.randoms(use_true_random=False))
def test_order_is_a_permutation_independent_of_input_order(
    corners: list[Corners], random: Random
) -> None:
    quads = [to_quad(each) for each in corners]
    shuffled = quads.copy()
    random.shuffle(shuffled)
    order = reading_order(quads)
    assert sorted(order) == list(range(len(quads)))
    assert [quads[i] for i in order] == [shuffled[i] for i in reading_order(shuffled)]


@given(tables())
def test_a_table_reads_row_by_row(table: Corners) -> None:
    assert order_of(table) == list(range(len(table)))


@given(tables(), st.floats(-3.0, 3.0))
def test_tilt_does_not_mix_rows(table: Corners, angle: float) -> None:
    title = box(0.0, -30.0, 400.0, 10.0)  # long enough to show the tilt
    page = np.array([title, *table])
    assert order_of(rotated(page, angle)) == list(range(len(page)))


@given(st.lists(st.floats(20.0, 400.0), min_size=2, max_size=60), SEEDS)
def test_words_on_a_wide_strip_read_from_left_to_right(widths: list[float], seed: int) -> None:
    random = np.random.default_rng(seed)
    gap = random.uniform(4.0, 8000.0 / len(widths))
    starts = np.cumsum([0.0, *(width + gap for width in widths[:-1])])
    words = [box(x, 1.0, width, 12.0) for x, width in zip(starts, widths, strict=True)]
    moved = np.array(words) + random.uniform(-1.0, 1.0, (len(words), 4, 2))
    assert order_of(moved) == list(range(len(words)))


@given(pages(), ANGLES)
def test_rotating_the_page_keeps_the_order(page: Corners, angle: float) -> None:
    assert order_of(rotated(page, angle)) == order_of(page)


@given(pages(), st.floats(0.05, 20.0))
def test_scaling_the_page_keeps_the_order(page: Corners, scale: float) -> None:
    assert order_of(scale * page) == order_of(page)


@given(pages(), st.floats(25.0, 65.0), QUARTERS, SEEDS)
def test_a_rotated_stamp_keeps_the_order_of_the_others(
    page: Corners, angle: float, quarters: float, seed: int
) -> None:
    x, y = np.random.default_rng(seed).uniform(0.0, 600.0, 2)
    stamp = rotated(box(-40.0, -12.0, 80.0, 24.0), angle + quarters) + np.array([x, y])
    order = order_of(np.array([*page, stamp]))
    assert [i for i in order if i < len(page)] == order_of(page)
