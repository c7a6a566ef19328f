from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.engine.fakes import DarkPixelDetector, ink_engine
from tests.unit.engine.shapes import upright_box
from web_image_ocr import RecognitionOptions
from web_image_ocr.engine.detection.multiscale import (
    MAX_TOTAL_PIXELS,
    MultiScaleDetector,
    merge_coarse_detections,
)
from web_image_ocr.engine.detection.views import MAX_SCALE
from web_image_ocr.engine.geometry import image_corners
from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

MAX_PIXELS = 262_144
MAX_PADDING_PIXELS = 70_000  # of a view of MAX_PIXELS, to multiples of 32


def detector_on(
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
    """Return the boxes as left, top, right and bottom, from top to bottom."""
    height, width = pixels.shape[:2]
    boxes = detector_on(pixels, detector).detect(image_corners(width, height), angle).boxes
    return sorted(
        ([*box.corners.min(axis=0), *box.corners.max(axis=0)] for box in boxes),
        key=lambda box: box[1],
    )


def test_small_text_takes_a_coarse_and_a_fine_pass() -> None:
    detector, image = DarkPixelDetector(), white(400, 400)
    image[100:104, 100:300] = 0
    assert len(found(image, detector)) == 1
    coarse, fine = detector.input_pixels
    assert coarse <= 256 * 256 < fine <= 512 * 512


def test_large_text_takes_the_coarse_pass_only() -> None:
    detector, image = DarkPixelDetector(), white(400, 400)
    image[100:160, 100:300] = 0
    assert len(found(image, detector)) == 1
    assert [pixels <= 256 * 256 for pixels in detector.input_pixels] == [True]


def test_the_height_of_a_curved_line_is_its_stroke() -> None:
    detector, image = DarkPixelDetector(), white(400, 400)
    cv2.ellipse(image, (200, 200), (150, 150), 0, 110, 360, (0, 0, 0), 8)
    found(image, detector)
    coarse, fine = detector.input_pixels
    assert coarse <= 256 * 256 < fine <= 512 * 512


def test_many_lines_choose_the_scale_of_the_fine_pass() -> None:
    detector, image = DarkPixelDetector(), white(800, 600)
    for top in range(20, 580, 24):
        image[top : top + 10, 100:700] = 0
    assert len(found(image, detector)) == 24
    coarse, fine = detector.input_pixels
    assert coarse < fine < 0.7 * (1.25 * 800) * (1.25 * 600)


def test_a_large_image_of_large_text_is_not_refined() -> None:
    detector, image = DarkPixelDetector(), white(800, 800)
    image[300:400, 100:600] = 0
    assert len(found(image, detector)) == 1
    assert len(detector.input_pixels) == 2
    assert max(detector.input_pixels) <= MAX_PIXELS + MAX_PADDING_PIXELS


class CoarseOnlyDetector(DarkPixelDetector):
    """Detect nothing in views more than 400 pixels wide."""

    def run(self, batch: Tensor) -> Tensor:
        return super().run(batch) * np.float32(batch.shape[3] <= 400)


def test_large_text_of_the_coarse_pass_alone_is_added() -> None:
    image = white(500, 400)
    image[100:140, 100:400] = 0
    ((left, top, right, bottom),) = found(image, CoarseOnlyDetector())
    assert (left, right) == pytest.approx((81, 419), abs=2)
    assert (top, bottom) == pytest.approx((81, 159), abs=2)


def test_covered_or_small_coarse_boxes_are_not_added() -> None:
    fine = [upright_box(0, 0, 100, 40)]
    again, large, small = (
        upright_box(10, 0, 90, 40),
        upright_box(0, 100, 90, 140),
        upright_box(0, 200, 40, 220),
    )
    assert merge_coarse_detections(fine, [again, large, small], min_height=24.0) == [*fine, large]
    assert merge_coarse_detections([], [large, small], min_height=24.0) == [large, small]


def test_tiles_with_small_text_run_again_at_a_higher_scale() -> None:
    detector, image = DarkPixelDetector(), white(500, 4000)
    image[300:420, 100:400] = 0
    image[2000:2006, 60:400] = 0
    large, small = found(image, detector)
    assert large == pytest.approx([75, 275, 425, 445], abs=25)
    assert small == pytest.approx([56, 1996, 404, 2010], abs=2)
    assert sum(detector.input_pixels) < MAX_SCALE**2 * 500 * 4000 / 2, "not the whole image again"


def test_a_line_that_crosses_tiles_is_one_box() -> None:
    detector, image = DarkPixelDetector(), white(3000, 300)
    image[100:106, 50:2950] = 0
    ((left, top, right, bottom),) = found(image, detector)
    assert (left, right) == pytest.approx((45.5, 2954.5), abs=2)
    assert (top, bottom) == pytest.approx((95.5, 110.5), abs=2)


def test_rotated_text_is_detected_alike() -> None:
    detector, image = DarkPixelDetector(), white(300, 3000)
    image[50:2950, 100:106] = 0
    ((left, top, right, bottom),) = found(image, detector, angle=90.0)
    assert (top, bottom) == pytest.approx((45.5, 2954.5), abs=2)
    assert (left, right) == pytest.approx((95.5, 110.5), abs=2)


@pytest.mark.parametrize(
    "size",
    [pytest.param((8192, 8192), marks=pytest.mark.slow), (15, 30_000), (30_000, 15)],
    ids=str,
)
def test_a_blank_image_does_not_run_the_detector(size: tuple[int, int]) -> None:
    detector = DarkPixelDetector()
    assert found(white(*size), detector) == []
    assert detector.input_pixels == []


@pytest.mark.slow
def test_total_pixels_are_limited_for_a_page_of_small_text() -> None:
    detector, image = DarkPixelDetector(), white(8192, 8192)
    image[::24] = image[1::24] = image[2::24] = image[3::24] = 0
    image[:, ::200] = 255
    found(image, detector)
    assert max(detector.input_pixels) <= MAX_PIXELS + MAX_PADDING_PIXELS
    assert MAX_TOTAL_PIXELS / 4 < sum(detector.input_pixels) <= 1.5 * MAX_TOTAL_PIXELS


@pytest.mark.slow
def test_aligning_keeps_the_limit_on_total_pixels() -> None:
    detector, image = DarkPixelDetector(), white(4000, 4000)
    image[:, ::24] = image[:, 1::24] = image[:, 2::24] = image[:, 3::24] = 0
    image[::200] = 255
    page = ink_engine(detector).recognize(image, RecognitionOptions(detect_direction=True))
    (x0, y0), (x1, y1) = page.lines[0].quad[:2]
    assert abs(y1 - y0) > abs(x1 - x0), "aligned"
    assert MAX_TOTAL_PIXELS / 2 < sum(detector.input_pixels) <= 1.5 * MAX_TOTAL_PIXELS


@pytest.mark.parametrize("size", [(15, 30_000), (30_000, 15)], ids=str)
def test_strips_are_detected_along_their_whole_length(size: tuple[int, int]) -> None:
    width, height = size
    detector, image = DarkPixelDetector(), white(width, height)
    for place in range(100, 29_900, 1000):
        if width > height:
            image[5:10, place : place + 60] = 0
        else:
            image[place : place + 60, 5:10] = 0
    assert len(found(image, detector)) == 30


def test_the_deadline_is_checked_between_tiles() -> None:
    deadline = Deadline.after(0.3)

    class Slow(DarkPixelDetector):
        def run(self, batch: Tensor) -> Tensor:
            while deadline.remaining():
                pass
            return super().run(batch)

    detector, image = Slow(), white(4000, 4000)
    image[::40, ::3] = 0
    with pytest.raises(ServiceError) as caught:
        detector_on(image, detector, deadline).detect(image_corners(4000, 4000))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    assert len(detector.input_pixels) <= 1
