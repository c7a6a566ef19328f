from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks.arcs import CurvedText, draw
from tests.support.images import chinese_image
from tests.unit.engine.assertions import assert_valid_lines
from tests.unit.engine.images import draw_lines, rotate
from web_image_ocr import Engine, EngineConfig, Page, RecognitionOptions
from web_image_ocr.engine.geometry import Box
from web_image_ocr.engine.recognition.recognizer import LineRecognizer
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

pytestmark = pytest.mark.models

ALIGN = RecognitionOptions(detect_direction=True)
FOUR_LINES = [
    (20, 20, "Opening hours"),
    (250, 20, "Monday to Friday"),
    (20, 80, "Ground floor 1234"),
    (20, 140, "Please ring the bell"),
]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(EngineConfig(threads=2))


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def test_lines_are_returned_in_rows(engine: Engine) -> None:
    page = engine.recognize(draw_lines(FOUR_LINES))
    assert texts(page) == [text for _, _, text in FOUR_LINES]
    assert (page.width, page.height) == (460, 200)
    assert_valid_lines(page)
    assert {"detect", "read", "order"} <= set(page.timings)
    (left, top), (right, _), *_ = page.lines[0].quad
    assert left == pytest.approx(20, abs=8)
    assert top == pytest.approx(24, abs=10)
    assert right > left


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (draw_lines(FOUR_LINES), None),
        (rotate(draw_lines(FOUR_LINES), 30), ALIGN),
        (draw(CurvedText("FRESH ROASTED COFFEE", 4)), None),
    ],
    ids=["rows", "rotated", "curved"],
)
def test_one_core_and_all_cores_agree(
    engine: Engine, image: Pixels, options: RecognitionOptions | None
) -> None:
    alone = engine.recognize(image, options, cores=1).lines
    assert alone
    assert alone == engine.recognize(image, options).lines


def test_many_threads_return_the_same_page(engine: Engine) -> None:
    images = [draw_lines(FOUR_LINES), draw_lines([(30, 60, "Something else")])]
    expected = [engine.recognize(image).lines for image in images]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(engine.recognize, images * 3))
    assert [page.lines for page in pages] == expected * 3


@pytest.mark.parametrize("angle", [30, 90, 180, 225, 270])
def test_a_rotated_image_is_aligned(engine: Engine, angle: int) -> None:
    page = engine.recognize(rotate(draw_lines(FOUR_LINES), angle), ALIGN)
    assert texts(page) == [text for _, _, text in FOUR_LINES]
    assert_valid_lines(page)
    (x0, y0), (x1, y1) = page.lines[0].quad[:2]
    direction = np.degrees(np.arctan2(y1 - y0, x1 - x0))
    assert (direction - angle + 180) % 360 - 180 == pytest.approx(0, abs=4)


@pytest.mark.parametrize("angle", [0, 100, 190])
def test_a_skewed_stamp_is_recognized(engine: Engine, angle: int) -> None:
    page_and_stamp = np.full((420, 460, 3), 255, np.uint8)
    page_and_stamp[:200] = draw_lines(FOUR_LINES)
    stamp = rotate(draw_lines([(10, 6, "PAID IN FULL")], width=190, height=40), 35)
    page_and_stamp[230 : 230 + stamp.shape[0], 100 : 100 + stamp.shape[1]] = stamp
    page = engine.recognize(rotate(page_and_stamp, angle), ALIGN)
    assert sorted(texts(page)) == sorted([*(text for _, _, text in FOUR_LINES), "PAID IN FULL"])
    assert_valid_lines(page)


def test_a_box_of_aspect_ratio_1_5_may_be_a_column_of_two(engine: Engine) -> None:
    places = ((60, 30), (60, 82), (300, 400))
    column = np.asarray(chinese_image(*places, size=(160, 160)), dtype=np.uint8)
    corners = np.array([[46.0, 24.0], [122.0, 24.0], [122.0, 132.0], [46.0, 132.0]])
    found = LineRecognizer(
        engine._sessions.for_cores(1).recognition, engine._decoder
    ).recognize_box(column, Box(corners, 1.0))
    assert found.decoded.text == "田中"


def test_alignment_does_not_change_an_upright_image(engine: Engine) -> None:
    image = draw_lines(FOUR_LINES)
    assert engine.recognize(image, ALIGN).lines == engine.recognize(image).lines


def test_a_line_rotated_by_90_degrees_needs_no_alignment(engine: Engine) -> None:
    page = engine.recognize(rotate(draw_lines([(40, 120, "Ground floor 1234")]), 90))
    assert texts(page) == ["Ground floor 1234"]
    (x0, y0), (x1, y1) = page.lines[0].quad[:2]
    assert abs(x1 - x0) < 5
    assert y1 > y0, "the first edge runs downwards, as the text does"


@pytest.mark.parametrize(
    "shape",
    [(15, 15), (15, 2000), (2000, 15), (16, 8192), (1, 1)],
    ids=lambda shape: f"{shape[1]}x{shape[0]}",
)
@pytest.mark.parametrize("options", [RecognitionOptions(), ALIGN], ids=["plain", "align"])
def test_blank_images_of_any_shape_have_no_lines(
    engine: Engine, shape: tuple[int, int], options: RecognitionOptions
) -> None:
    page = engine.recognize(np.full((*shape, 3), 255, np.uint8), options)
    assert page.lines == ()
    assert (page.height, page.width) == shape


def test_small_text_in_a_large_image_is_found(engine: Engine) -> None:
    pixels = np.full((4000, 4000, 3), 255, np.uint8)
    line = [(40, 120, "Big enough to see")]
    pixels[1800:2120, 1200:1840] = draw_lines(line, width=640, height=320, size=60)
    page = engine.recognize(pixels)
    assert texts(page) == ["Big enough to see"]
    assert page.lines[0].quad[0][0] == pytest.approx(1240, abs=20)


def test_a_passed_deadline_ends_the_call(engine: Engine) -> None:
    with pytest.raises(ServiceError) as caught:
        engine.recognize(draw_lines(FOUR_LINES), deadline=Deadline(0.0))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED


def test_a_failing_stage_raises_recognition_failed(engine: Engine) -> None:
    with pytest.raises(ServiceError) as caught:
        engine.recognize(np.zeros((40, 40), np.uint8))
    assert caught.value.kind is ErrorKind.RECOGNITION_FAILED
