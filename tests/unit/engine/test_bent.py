from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.text import unspaced
from benchmarks.arcs import Arc, draw
from tests.unit.engine.pictures import turned, written
from web_image_ocr import Engine, RecognitionOptions
from web_image_ocr.engine.bent import settled
from web_image_ocr.engine.values import TextLine

STEPS = np.linspace(0, 1, 17)[:, None]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def line(text: str, left: float, top: float, right: float, bottom: float) -> TextLine:
    quad = ((left, top), (right, top), (right, bottom), (left, bottom))
    return TextLine(text=text, confidence=0.9, quad=quad)


def outline(one: TextLine) -> np.ndarray:
    a, b, c, d = np.array(one.quad)
    return np.concatenate([a + STEPS * (b - a), c + STEPS * (d - c)])


def test_a_bent_line_takes_the_place_of_pieces_that_say_less() -> None:
    pieces = [line("min", 0, 0, 40, 20), line("ter", 60, 5, 100, 25), line("aside", 0, 90, 50, 110)]
    bent = line("mineral water", 0, 0, 100, 22)
    assert settled(pieces, [(bent, outline(bent))]) == [pieces[2], bent]


def test_a_straight_line_stays_where_the_bent_one_says_less() -> None:
    whole, bent = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    assert settled([whole], [(bent, outline(bent))]) == [whole]


def test_what_two_arcs_show_is_given_once() -> None:
    longer, shorter = line("mineral water", 0, 0, 100, 20), line("water", 50, 0, 100, 20)
    bent = [(shorter, outline(shorter)), (longer, outline(longer))]
    assert settled([], bent) == [longer]


@pytest.mark.models
@pytest.mark.parametrize(
    "arc",
    [
        Arc("FRESH ROASTED COFFEE", 4),
        Arc("natural mineral water", 4, lower=True),
        Arc("Handmade in Scotland official seal of the company", 5),
        Arc("SINCE 1987 natural mineral water Original Recipe", 10),
    ],
)
def test_lettering_on_a_circle_is_read_as_one_line(engine: Engine, arc: Arc) -> None:
    (found,) = engine.recognize(draw(arc)).lines
    assert unspaced(found.text) == unspaced(arc.text)
    (x, y), (right, below), *_ = found.quad
    assert right > x
    assert abs(below - y) < (right - x) / 5


@pytest.mark.models
def test_a_turned_arc_is_read_with_and_without_its_direction(engine: Engine) -> None:
    turned = np.rot90(draw(Arc("FRESH ROASTED COFFEE", 6))).copy()
    for detect_direction in (False, True):
        options = RecognitionOptions(detect_direction=detect_direction)
        (found,) = engine.recognize(turned, options).lines
        assert unspaced(found.text) == "freshroastedcoffee"
        (_, top), (_, bottom), *_ = found.quad
        assert bottom < top  # the text climbs


@pytest.mark.models
def test_straight_text_inside_a_ring_is_kept(engine: Engine) -> None:
    pixels = draw(Arc("natural mineral water since nineteen eighty", 6))
    pixels[235:275, 180:340] = written([(5, 5, "QUALITY")], width=160, height=40, size=28)
    texts = {unspaced(found.text) for found in engine.recognize(pixels).lines}
    assert texts == {"quality", "naturalmineralwatersincenineteeneighty"}


@pytest.mark.models
def test_two_straight_lines_that_meet_stay_two(engine: Engine) -> None:
    flat = written([(20, 20, "Handmade in")], width=420, height=200, size=32)
    slanting = turned(written([(8, 4, "Scotland")], width=160, height=48, size=32), 25)
    height, width = slanting.shape[:2]
    flat[22 : 22 + height, 220 : 220 + width] = slanting
    texts = [found.text for found in engine.recognize(flat).lines]
    assert texts == ["Handmade in", "Scotland"]
