from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.engine.fakes import DarkPixelDetector, ink_engine
from web_image_ocr import RecognitionOptions
from web_image_ocr.engine.detection.multiscale import (
    MAX_TOTAL_PIXELS,
    MultiScaleDetector,
    merge_coarse_detections,
)
from web_image_ocr.engine.detection.views import MAX_SCALE
from web_image_ocr.engine.geometry import Box, image_corners
from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

MAX_PIXELS = 262_144
FILLING = 70_000  # most of what fills a view of MAX_PIXELS up to multiples of 32


def survey(
    pixels: Pixels, detector: DarkPixelDetector, deadline: Deadline | None = None
) -> MultiScaleDetector:
    return MultiScaleDetector(
        session=detector,
        pixels=pixels,
        max_pixels=MAX_PIXELS,
        deadline=deadline or Deadline.never(),
    )


def white(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), 255, np.uint8)


def found(pixels: Pixels, detector: DarkPixelDetector, angle: float = 0.0) -> list[list[float]]:
    """The boxes as left, top, right and bottom, from top to bottom."""
    height, width = pixels.shape[:2]
    boxes = survey(pixels, detector).detect(image_corners(width, height), angle).boxes
    return sorted(
        ([*box.corners.min(axis=0), *box.corners.max(axis=0)] for box in boxes),
        key=lambda box: box[1],
    )


def test_small_text_is_seen_from_afar_and_from_near() -> None:
    detector, picture = DarkPixelDetector(), white(400, 400)
    picture[100:104, 100:300] = 0
    assert len(found(picture, detector)) == 1
    afar, near = detector.input_pixels
    assert afar <= 256 * 256 < near <= 512 * 512


def test_large_text_is_seen_from_afar_only() -> None:
    detector, picture = DarkPixelDetector(), white(400, 400)
    picture[100:160, 100:300] = 0
    assert len(found(picture, detector)) == 1
    assert [afar <= 256 * 256 for afar in detector.input_pixels] == [True]


def test_a_bent_line_is_as_high_as_its_stroke() -> None:
    detector, picture = DarkPixelDetector(), white(400, 400)
    cv2.ellipse(picture, (200, 200), (150, 150), 0, 110, 360, (0, 0, 0), 8)
    found(picture, detector)
    afar, near = detector.input_pixels
    assert afar <= 256 * 256 < near <= 512 * 512


def test_a_page_of_many_lines_is_seen_as_large_as_they_ask_for() -> None:
    detector, picture = DarkPixelDetector(), white(800, 600)
    for top in range(20, 580, 24):
        picture[top : top + 10, 100:700] = 0
    assert len(found(picture, detector)) == 24
    afar, near = detector.input_pixels
    assert afar < near < 0.7 * (1.25 * 800) * (1.25 * 600)


def test_a_large_picture_of_large_text_is_not_seen_from_nearer() -> None:
    detector, picture = DarkPixelDetector(), white(800, 800)
    picture[300:400, 100:600] = 0
    assert len(found(picture, detector)) == 1
    assert len(detector.input_pixels) == 2
    assert max(detector.input_pixels) <= MAX_PIXELS + FILLING


class FromAfar(DarkPixelDetector):
    """Sees nothing in views more than 400 pixels wide."""

    def run(self, batch: Tensor) -> Tensor:
        return super().run(batch) * np.float32(batch.shape[3] <= 400)


def test_large_text_that_only_the_view_from_afar_shows_is_added() -> None:
    picture = white(500, 400)
    picture[100:140, 100:400] = 0
    ((left, top, right, bottom),) = found(picture, FromAfar())
    assert (left, right) == pytest.approx((81, 419), abs=2)
    assert (top, bottom) == pytest.approx((81, 159), abs=2)


def box_of(left: float, top: float, right: float, bottom: float) -> Box:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=float)
    return Box(corners, 0.9)


def test_what_is_seen_from_near_or_is_small_is_not_added() -> None:
    near = [box_of(0, 0, 100, 40)]
    again, large, small = box_of(10, 0, 90, 40), box_of(0, 100, 90, 140), box_of(0, 200, 40, 220)
    assert merge_coarse_detections(near, [again, large, small], min_height=24.0) == [*near, large]
    assert merge_coarse_detections([], [large, small], min_height=24.0) == [large, small]


def test_small_text_is_seen_again_from_nearer_where_it_is() -> None:
    detector, picture = DarkPixelDetector(), white(500, 4000)
    picture[300:420, 100:400] = 0
    picture[2000:2006, 60:400] = 0
    large, small = found(picture, detector)
    assert large == pytest.approx([75, 275, 425, 445], abs=25)
    assert small == pytest.approx([56, 1996, 404, 2010], abs=2)
    assert sum(detector.input_pixels) < MAX_SCALE**2 * 500 * 4000 / 2, "not the whole picture again"


def test_a_line_that_crosses_tiles_is_one_box() -> None:
    detector, picture = DarkPixelDetector(), white(3000, 300)
    picture[100:106, 50:2950] = 0
    ((left, top, right, bottom),) = found(picture, detector)
    assert (left, right) == pytest.approx((45.5, 2954.5), abs=2)
    assert (top, bottom) == pytest.approx((95.5, 110.5), abs=2)


def test_turned_text_is_seen_the_same_way() -> None:
    detector, picture = DarkPixelDetector(), white(300, 3000)
    picture[50:2950, 100:106] = 0
    ((left, top, right, bottom),) = found(picture, detector, angle=90.0)
    assert (top, bottom) == pytest.approx((45.5, 2954.5), abs=2)
    assert (left, right) == pytest.approx((95.5, 110.5), abs=2)


@pytest.mark.parametrize(
    "size",
    [pytest.param((8192, 8192), marks=pytest.mark.slow), (15, 30_000), (30_000, 15)],
    ids=str,
)
def test_a_blank_picture_is_not_shown_to_the_detector(size: tuple[int, int]) -> None:
    detector = DarkPixelDetector()
    assert found(white(*size), detector) == []
    assert detector.input_pixels == []


@pytest.mark.slow
def test_work_is_bounded_however_much_small_text_there_is() -> None:
    detector, picture = DarkPixelDetector(), white(8192, 8192)
    picture[::24] = picture[1::24] = picture[2::24] = picture[3::24] = 0
    picture[:, ::200] = 255
    found(picture, detector)
    assert max(detector.input_pixels) <= MAX_PIXELS + FILLING
    assert MAX_TOTAL_PIXELS / 4 < sum(detector.input_pixels) <= 1.5 * MAX_TOTAL_PIXELS


@pytest.mark.slow
def test_a_page_that_must_be_turned_is_seen_twice_within_the_same_bound() -> None:
    detector, picture = DarkPixelDetector(), white(4000, 4000)
    picture[:, ::24] = picture[:, 1::24] = picture[:, 2::24] = picture[:, 3::24] = 0
    picture[::200] = 255
    page = ink_engine(detector).recognize(picture, RecognitionOptions(detect_direction=True))
    (x0, y0), (x1, y1) = page.lines[0].quad[:2]
    assert abs(y1 - y0) > abs(x1 - x0), "it was turned"
    assert MAX_TOTAL_PIXELS / 2 < sum(detector.input_pixels) <= 1.5 * MAX_TOTAL_PIXELS


@pytest.mark.parametrize("size", [(15, 30_000), (30_000, 15)], ids=str)
def test_strips_are_seen_along_their_whole_length(size: tuple[int, int]) -> None:
    width, height = size
    detector, picture = DarkPixelDetector(), white(width, height)
    for place in range(100, 29_900, 1000):
        if width > height:
            picture[5:10, place : place + 60] = 0
        else:
            picture[place : place + 60, 5:10] = 0
    assert len(found(picture, detector)) == 30


def test_the_deadline_is_looked_at_between_tiles() -> None:
    deadline = Deadline.after(0.3)

    class Slow(DarkPixelDetector):
        def run(self, batch: Tensor) -> Tensor:
            while deadline.remaining():
                pass
            return super().run(batch)

    detector, picture = Slow(), white(4000, 4000)
    picture[::40, ::3] = 0
    with pytest.raises(ServiceError) as caught:
        survey(picture, detector, deadline).detect(image_corners(4000, 4000))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    assert len(detector.input_pixels) <= 1
