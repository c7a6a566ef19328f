from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.transforms import rotate, split_stack, stack_images
from benchmarks.dataset import Sample
from tests.unit.benchmarks.samples import box, found, label


def marked(width: int = 60, height: int = 40) -> Sample:
    """Return a gray image with a labelled black block."""
    pixels = np.full((height, width, 3), 200, np.uint8)
    pixels[10:20, 5:25] = 0
    return Sample("made-up.png", pixels, (label("block", box(5, 10, 19, 9)),))


@given(st.integers(0, 359))
def test_a_label_rotates_with_its_text(angle: int) -> None:
    sample = rotate(marked(), angle)
    [mark] = sample.labels
    assert mark.quad is not None
    x, y = np.round(mark.quad.mean(axis=0)).astype(int)
    assert sample.pixels[y, x].max() < 100
    assert mark.quad.min() >= -1
    assert (mark.quad.max(axis=0) < np.array(sample.pixels.shape[1::-1]) + 1).all()


def test_four_quarter_turns_are_lossless() -> None:
    sample = marked()
    for _ in range(4):
        sample = rotate(sample, 90)
    assert (sample.pixels == marked().pixels).all()


def test_new_corners_have_the_colour_of_the_border() -> None:
    assert (rotate(marked(), 45).pixels[0, 0] == 200).all()


def test_a_stack_is_as_wide_as_its_widest_and_padded_with_border_colour() -> None:
    stack = stack_images([marked(60, 40).pixels, marked(80, 30).pixels])
    assert stack.shape == (70, 80, 3)
    assert (stack[:40, 60:] == 200).all()
    assert (stack[:40, :60] == marked(60, 40).pixels).all()
    assert (stack[40:] == marked(80, 30).pixels).all()


def test_lines_of_a_stack_are_assigned_to_their_images() -> None:
    images = [marked(60, 40).pixels, marked(80, 30).pixels]
    lines = [found("first", box(0, 5, 20, 10)), found("second", box(0, 45, 20, 10))]
    lines.append(found("below", box(0, 90, 20, 10)))
    first, second = split_stack(lines, images)
    assert [line.text for line in first] == ["first"]
    assert [line.text for line in second] == ["second", "below"]
    assert second[0].quad[0].tolist() == [0, 5]


def test_a_stack_of_one_is_the_image() -> None:
    sample = marked()
    assert (stack_images([sample.pixels]) == sample.pixels).all()
