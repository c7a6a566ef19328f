from __future__ import annotations

import os
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.images import (
    FORMATS,
    QUADRANT_SIZE,
    encode_image,
    quadrants,
    texture,
)
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

LIMITS = ImageLimits.for_edition("2021")


def assert_looks_like(pixels: Pixels, image: Image.Image, tolerance: int = 12) -> None:
    expected = np.asarray(image.convert("RGB")).astype(int)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() <= tolerance


@pytest.mark.parametrize("image_format", FORMATS)
def test_each_format_is_decoded(image_format: str) -> None:
    decoded = decode(encode_image(quadrants(), image_format), LIMITS)
    assert (decoded.width, decoded.height) == QUADRANT_SIZE
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.flags.c_contiguous
    assert_looks_like(decoded.pixels, quadrants())


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
class TestTruncatedJpeg:
    def test_without_end_marker_is_decoded(self, options: dict[str, int]) -> None:
        data = encode_image(texture(), "JPEG", **options)
        whole = decode(data, LIMITS).pixels
        for truncated in (data[:-2], data[:-1]):
            np.testing.assert_array_equal(decode(truncated, LIMITS).pixels, whole)

    def test_with_trailing_bytes_is_decoded(self, options: dict[str, int]) -> None:
        data = encode_image(texture(), "JPEG", **options)
        np.testing.assert_array_equal(
            decode(data + b"trailing" * 9, LIMITS).pixels, decode(data, LIMITS).pixels
        )

    @pytest.mark.slow
    def test_is_refused_or_decodes_to_the_same_pixels(self, options: dict[str, int]) -> None:
        data = encode_image(texture(48, 40), "JPEG", **options)
        whole = decode(data, LIMITS).pixels
        outcomes = [attempt(data[:length]) for length in range(2, len(data) - 2)]
        accepted = [outcome for outcome in outcomes if not isinstance(outcome, ErrorKind)]
        assert {o for o in outcomes if isinstance(o, ErrorKind)} == {ErrorKind.FORMAT_UNSUPPORTED}
        for pixels in accepted:
            np.testing.assert_array_equal(pixels, whole)

    def test_with_half_of_the_data_is_refused(self, options: dict[str, int]) -> None:
        data = encode_image(texture(), "JPEG", **options)
        assert refused(data[: len(data) // 2]) is ErrorKind.FORMAT_UNSUPPORTED


TRUNCATED = [
    encode_image(texture(), "PNG"),
    encode_image(texture(), "BMP"),
    encode_image(texture(), "TIFF"),
    encode_image(texture(), "TIFF", compression="tiff_lzw"),
    encode_image(texture(), "GIF"),
    encode_image(texture(), "WEBP"),
    encode_image(texture(), "WEBP", lossless=True),
]
IDS = ["png", "bmp", "tiff", "tiff lzw", "gif", "webp", "webp lossless"]


@pytest.mark.parametrize("data", TRUNCATED, ids=IDS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_missing_pixel_data_is_refused(data: bytes, share: float) -> None:
    assert refused(data[: int(len(data) * share)]) is ErrorKind.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("data", TRUNCATED, ids=IDS)
def test_trailing_bytes_are_accepted(data: bytes) -> None:
    expected = decode(data, LIMITS).pixels
    np.testing.assert_array_equal(decode(data + b"trailing" * 99, LIMITS).pixels, expected)


@pytest.mark.parametrize(
    ("image_format", "end"), [("PNG", 12), ("PNG", 4), ("GIF", 1)], ids=["IEND", "checksum", "gif"]
)
def test_missing_end_marker_is_accepted(image_format: str, end: int) -> None:
    data = encode_image(texture(), image_format)
    np.testing.assert_array_equal(decode(data[:-end], LIMITS).pixels, decode(data, LIMITS).pixels)


def test_png_with_half_of_the_data_in_complete_chunks_is_refused() -> None:
    data = encode_image(texture(), "PNG")
    position = data.index(b"IDAT")
    half = data[position : position + (len(data) - position) // 2]
    chunk = (len(half) - 4).to_bytes(4) + half + zlib.crc32(half).to_bytes(4)
    assert refused(data[: position - 4] + chunk + data[-12:]) is ErrorKind.FORMAT_UNSUPPORTED


FIRST_OF_SEVERAL: dict[str, dict[str, Any]] = {
    "GIF": {},
    "TIFF": {},
    "PNG": {},
    "WEBP": {"lossless": True},
    "MPO": {"quality": 95, "subsampling": 0},
}


@pytest.mark.parametrize("image_format", FIRST_OF_SEVERAL)
def test_only_the_first_frame_is_decoded(image_format: str) -> None:
    later = [Image.new("RGB", QUADRANT_SIZE, color) for color in ("yellow", "cyan")]
    data = encode_image(
        quadrants(),
        image_format,
        save_all=True,
        append_images=later,
        **FIRST_OF_SEVERAL[image_format],
    )
    assert_looks_like(decode(data, LIMITS).pixels, quadrants(), tolerance=3)


TRANSFORMS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera transforms the image that it stores with the orientation."""


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TRANSFORMS)
def test_exif_orientation_is_applied(image_format: str, orientation: int) -> None:
    transform = TRANSFORMS[orientation]
    stored = quadrants() if transform is None else quadrants().transpose(transform)
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode_image(stored, image_format, exif=exif), LIMITS)
    assert (decoded.width, decoded.height) == QUADRANT_SIZE
    assert decoded.pixels.flags.c_contiguous
    assert_looks_like(decoded.pixels, quadrants())


def test_orientation_of_a_compressed_tiff_is_applied_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quadrants().transpose(Image.Transpose.ROTATE_90)
    data = encode_image(stored, "TIFF", exif=exif, compression="tiff_lzw")
    assert_looks_like(decode(data, LIMITS).pixels, quadrants())


@pytest.mark.parametrize(
    "compression",
    ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group3", "group4", "zstd"],
)
def test_compressed_tiff_is_decoded(compression: str) -> None:
    image = quadrants().convert("1") if compression.startswith("group") else quadrants()
    data = encode_image(image, "TIFF", compression=compression)
    assert_looks_like(decode(data, LIMITS).pixels, image)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_each_kind_of_jpeg_is_decoded(mode: str, progressive: bool) -> None:
    data = encode_image(quadrants().convert(mode), "JPEG", progressive=progressive)
    assert_looks_like(decode(data, LIMITS).pixels, quadrants().convert(mode))


def test_decoder_warnings_are_suppressed() -> None:
    """A damaged EXIF block makes Pillow warn; warnings are errors in these tests."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01"
    before = list(warnings.filters)
    assert decode(encode_image(quadrants(), "JPEG", exif=exif), LIMITS).width == QUADRANT_SIZE[0]
    assert warnings.filters == before


def test_libtiff_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode_image(quadrants().convert("1"), "TIFF", compression="group4"))
    data[8:20] = bytes(12)
    assert isinstance(attempt(bytes(data)), (ErrorKind, np.ndarray))
    os.write(2, b"standard error still works")
    assert capfd.readouterr().err == "standard error still works"
