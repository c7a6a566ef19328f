from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.unit.images.pictures import FORMATS, SIZE, detailed, encoded, scene
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.image import Pixels

LIMITS = ImageLimits.for_edition("2021")


def assert_looks_like(pixels: Pixels, image: Image.Image, tolerance: int = 12) -> None:
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() <= tolerance


@pytest.mark.parametrize("image_format", FORMATS)
def test_reads_each_format(image_format: str) -> None:
    picture = decode(encoded(scene(), image_format), LIMITS)
    assert (picture.width, picture.height) == SIZE
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert_looks_like(picture.pixels, scene())


def attempt(data: bytes) -> Pixels | ErrorKind:
    try:
        return decode(data, LIMITS).pixels
    except ServiceError as error:
        return error.kind


def refused(data: bytes) -> ErrorKind:
    with pytest.raises(ServiceError) as caught:
        decode(data, LIMITS)
    return caught.value.kind


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}, {"restart_marker_rows": 1}],
    ids=["baseline", "progressive", "full chroma", "restarts"],
)
class TestCutJpeg:
    def test_without_its_end_marker_is_read(self, options: dict[str, int]) -> None:
        data = encoded(detailed(), "JPEG", **options)
        whole = decode(data, LIMITS).pixels
        for cut in (data[:-2], data[:-1]):
            np.testing.assert_array_equal(decode(cut, LIMITS).pixels, whole)

    def test_with_trailing_bytes_is_read(self, options: dict[str, int]) -> None:
        data = encoded(detailed(), "JPEG", **options)
        np.testing.assert_array_equal(
            decode(data + b"trailing" * 9, LIMITS).pixels, decode(data, LIMITS).pixels
        )

    def test_is_refused_or_gives_the_same_pixels(self, options: dict[str, int]) -> None:
        data = encoded(detailed(48, 40), "JPEG", **options)
        whole = decode(data, LIMITS).pixels
        outcomes = [attempt(data[:length]) for length in range(2, len(data) - 2)]
        accepted = [outcome for outcome in outcomes if not isinstance(outcome, ErrorKind)]
        assert {o for o in outcomes if isinstance(o, ErrorKind)} == {ErrorKind.FORMAT_UNSUPPORTED}
        for pixels in accepted:
            np.testing.assert_array_equal(pixels, whole)

    def test_without_half_of_its_data_is_refused(self, options: dict[str, int]) -> None:
        data = encoded(detailed(), "JPEG", **options)
        assert refused(data[: len(data) // 2]) is ErrorKind.FORMAT_UNSUPPORTED
