"""Test TGA, ICO and PCX, which only the 2025 edition accepts."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.images import QUADRANT_SIZE, encode_image, quadrants, texture
from web_image_ocr.images import ImageFormat, ImageLimits, decode, inspect
from web_image_ocr.images.formats import detect_format
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LIMITS = ImageLimits.for_edition("2025")

FILES: list[tuple[str, str, dict[str, Any]]] = [
    ("TGA", "RGB", {}),
    ("TGA", "RGB", {"compression": "tga_rle"}),
    ("TGA", "RGB", {"orientation": 1}),
    ("TGA", "RGBA", {}),
    ("TGA", "P", {}),
    ("TGA", "L", {"compression": "tga_rle"}),
    ("TGA", "LA", {}),
    ("PCX", "RGB", {}),
    ("PCX", "P", {}),
    ("PCX", "L", {}),
    ("PCX", "1", {}),
    ("ICO", "RGB", {"sizes": [QUADRANT_SIZE]}),
    ("ICO", "RGBA", {"sizes": [QUADRANT_SIZE], "bitmap_format": "bmp"}),
]


def refused(data: bytes, edition: str = "2025") -> ErrorKind:
    limits = LIMITS if edition == "2025" else ImageLimits.for_edition("2021")
    with pytest.raises(ServiceError) as caught:
        decode(data, limits)
    return caught.value.kind


@pytest.mark.parametrize(("image_format", "mode", "options"), FILES)
class TestEach:
    def test_is_decoded(self, image_format: str, mode: str, options: dict[str, Any]) -> None:
        image = quadrants().convert(mode)
        decoded = decode(encode_image(image, image_format, **options), LIMITS)
        assert (decoded.width, decoded.height) == QUADRANT_SIZE
        np.testing.assert_array_equal(decoded.pixels, np.asarray(image.convert("RGB")))

    def test_is_unsupported_in_the_2021_edition(
        self, image_format: str, mode: str, options: dict[str, Any]
    ) -> None:
        data = encode_image(quadrants().convert(mode), image_format, **options)
        assert refused(data, "2021") is ErrorKind.FORMAT_UNSUPPORTED

    def test_is_refused_when_truncated(
        self, image_format: str, mode: str, options: dict[str, Any]
    ) -> None:
        data = encode_image(texture(*QUADRANT_SIZE).convert(mode), image_format, **options)
        for share in (0.1, 0.3, 0.5):
            assert refused(data[: int(len(data) * share)]) is ErrorKind.FORMAT_UNSUPPORTED


def test_largest_icon_is_decoded() -> None:
    data = encode_image(texture(128, 128), "ICO", sizes=[(16, 16), (128, 128), (64, 64)])
    assert inspect(data, LIMITS).width == 128
    assert decode(data, LIMITS).pixels.shape == (128, 128, 3)


ICON = quadrants().resize((32, 32), Image.Resampling.NEAREST)
"""A width that needs no padding: Pillow writes the mask of an icon without it."""


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bitmap_with_a_mask_is_decoded(mode: str) -> None:
    image = ICON.convert(mode)
    data = encode_image(image, "ICO", sizes=[(32, 32)], bitmap_format="bmp")
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, np.asarray(image.convert("RGB")))


def test_icon_with_most_colors_is_decoded_among_equals() -> None:
    options: dict[str, Any] = {"sizes": [(32, 32)], "bitmap_format": "bmp"}
    black_and_white = encode_image(ICON.convert("1"), "ICO", **options)
    colored = encode_image(ICON, "ICO", **options)
    icons = [(black_and_white[6:22], black_and_white[22:]), (colored[6:22], colored[22:])]
    data = struct.pack("<HHH", 0, 1, 2)
    offset = 6 + 2 * 16
    for entry, content in icons:
        data += entry[:12] + struct.pack("<L", offset)
        offset += len(content)
    data += b"".join(content for _, content in icons)
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, np.asarray(ICON))


def test_size_of_an_icon_comes_from_its_content() -> None:
    """The directory says 32 by 32, but the header of the PNG inside decides."""
    huge = bytearray(encode_image(quadrants(), "ICO", sizes=[QUADRANT_SIZE]))
    content = huge.index(b"\x89PNG")
    huge[content + 16 : content + 24] = struct.pack(">LL", 40_000, 40_000)
    assert refused(bytes(huge)) is ErrorKind.IMAGE_SIZE


def test_small_icon_is_too_small() -> None:
    assert refused(encode_image(quadrants(), "ICO", sizes=[(14, 14)])) is ErrorKind.IMAGE_SIZE


def test_unset_fourth_byte_is_not_transparency() -> None:
    image = quadrants().convert("RGBA")
    image.putalpha(0)
    np.testing.assert_array_equal(
        decode(encode_image(image, "TGA"), LIMITS).pixels, np.asarray(quadrants())
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\1\0",
        b"\0\0\1\0\0\0",
        b"\0\0\1\0\1\0" + b"\xff" * 16,
        b"\x0a\5\1\x08",
        b"\x0aplain text after a line break",
        bytes(200),
        b"\0\0\2" + bytes(200),
    ],
)
def test_damaged_header_is_unsupported(data: bytes) -> None:
    assert refused(data) is ErrorKind.FORMAT_UNSUPPORTED


def test_text_and_invalid_headers_are_not_tga() -> None:
    assert detect_format(b"plain text, long enough to be a header") is None
    assert detect_format(b"\0\0\2" + bytes(9) + b"\x28\0\x1e\0\x18\0" + bytes(9)) is ImageFormat.TGA
    assert detect_format(b"\0\0\2" + bytes(9) + b"\x28\0\x1e\0\x17\0" + bytes(9)) is None
    assert detect_format(b"\0\1\2" + bytes(9) + b"\x28\0\x1e\0\x18\0" + bytes(9)) is None


@pytest.mark.slow
def test_image_beyond_pillows_warning_limit_is_decoded() -> None:
    """Only our own limit applies; warnings are errors in these tests."""
    data = encode_image(Image.new("1", (30_000, 3_100)), "PNG")
    assert decode(data, LIMITS).width == 30_000
