from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.support.images import FORMATS, QUADRANT_SIZE, encode_image, quadrants
from web_image_ocr.images import ImageFormat, ImageLimits, inspect
from web_image_ocr.images.header import MAX_EXTRA_BYTES
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LIMITS = ImageLimits.for_edition("2021")


def refused(data: bytes, limits: ImageLimits = LIMITS) -> ErrorKind:
    with pytest.raises(ServiceError) as caught:
        inspect(data, limits)
    return caught.value.kind


@pytest.mark.parametrize("image_format", FORMATS)
def test_size_of_each_format(image_format: str) -> None:
    header = inspect(encode_image(quadrants(), image_format), LIMITS)
    assert (header.format, header.width, header.height) == (image_format.lower(), *QUADRANT_SIZE)
    assert header.orientation == 1


@pytest.mark.parametrize(
    "data",
    [
        encode_image(quadrants(), "WEBP", lossless=True),
        encode_image(quadrants().convert("RGBA"), "WEBP", exif=b"Exif\0\0"),
        encode_image(quadrants(), "WEBP", save_all=True, append_images=[quadrants().rotate(90)]),
        encode_image(quadrants(), "TIFF", big_tiff=True),
        encode_image(quadrants(), "TIFF", compression="tiff_lzw"),
        encode_image(quadrants(), "GIF", save_all=True, append_images=[quadrants().rotate(90)]),
        encode_image(quadrants(), "GIF", comment=b"a comment " * 100),
        encode_image(quadrants(), "MPO", save_all=True, append_images=[quadrants().rotate(90)]),
        encode_image(quadrants(), "JPEG", progressive=True, comment=b"\xff\xc0 no frame"),
        encode_image(quadrants(), "DIB")[:0] + encode_image(quadrants().convert("1"), "BMP"),
    ],
    ids=[
        "webp lossless",
        "webp extended",
        "webp animated",
        "big tiff",
        "tiff with its directory last",
        "gif animated",
        "gif with comment",
        "mpo",
        "jpeg progressive",
        "bmp of 1 bit",
    ],
)
def test_size_of_each_variant(data: bytes) -> None:
    header = inspect(data, LIMITS)
    assert (header.width, header.height) == QUADRANT_SIZE


def test_old_and_top_down_bitmaps() -> None:
    core = b"BM" + bytes(12) + struct.pack("<LHHHH", 12, 40, 30, 1, 24)
    assert inspect(core, LIMITS).height == 30
    top_down = b"BM" + bytes(12) + struct.pack("<LllHH", 40, 40, -30, 1, 24)
    assert inspect(top_down, LIMITS).height == 30


def test_gif_canvas_is_extended_to_its_first_frame() -> None:
    data = bytearray(encode_image(quadrants(), "GIF"))
    data[6:10] = struct.pack("<HH", 1, 1)
    header = inspect(bytes(data), LIMITS)
    assert (header.width, header.height) == QUADRANT_SIZE


def test_format_is_detected_from_the_content() -> None:
    assert inspect(encode_image(quadrants(), "PNG"), LIMITS).format is ImageFormat.PNG


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"RIFF\0\0\0\0WEBP",
        b"RIFF\0\0\0\0WAVE" + bytes(40),
        b"\x89PNG\r\n\x1a\n" + bytes(40),
        b"II*\0\xff\xff\xff\xff",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"plain text",
        encode_image(quadrants(), "PPM"),
        encode_image(quadrants(), "JPEG2000"),
    ],
)
def test_unknown_or_damaged_is_unsupported(data: bytes) -> None:
    assert refused(data) is ErrorKind.FORMAT_UNSUPPORTED


def test_format_outside_the_limits_is_unsupported() -> None:
    only_png = ImageLimits(formats=frozenset({ImageFormat.PNG}))
    assert refused(encode_image(quadrants(), "JPEG"), only_png) is ErrorKind.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("size", [(14, 40), (40, 14)])
def test_side_below_the_limit(image_format: str, size: tuple[int, int]) -> None:
    assert refused(encode_image(Image.new("RGB", size), image_format)) is ErrorKind.IMAGE_SIZE


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("size", [(15, 15), (8192, 15), (15, 8192)])
def test_side_at_the_limit(image_format: str, size: tuple[int, int]) -> None:
    header = inspect(encode_image(Image.new("L", size), image_format), LIMITS)
    assert (header.width, header.height) == size


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("size", [(8193, 15), (15, 8193)])
def test_side_above_the_limit(image_format: str, size: tuple[int, int]) -> None:
    assert refused(encode_image(Image.new("L", size), image_format)) is ErrorKind.IMAGE_SIZE


def png_header(width: int, height: int) -> bytes:
    content = b"IHDR" + struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">L", 13)
        + content
        + struct.pack(">L", zlib.crc32(content))
    )


def test_limits_of_the_2025_edition() -> None:
    limits = ImageLimits.for_edition("2025")
    assert inspect(png_header(30_000, 5_333), limits).width == 30_000
    assert refused(png_header(30_001, 100), limits) is ErrorKind.IMAGE_SIZE
    assert refused(png_header(30_000, 5_334), limits) is ErrorKind.IMAGE_SIZE


def test_pixel_limit_of_2021_is_the_square_of_the_side() -> None:
    assert inspect(png_header(8192, 8192), LIMITS).width == 8192


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("stored", "read"), [(1, 1), (6, 6), (8, 8), (0, 1), (9, 1), (77, 1)])
def test_orientation(image_format: str, stored: int, read: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = stored
    assert inspect(encode_image(quadrants(), image_format, exif=exif), LIMITS).orientation == read


@pytest.mark.parametrize("exif", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"])
def test_damaged_exif_is_read_as_upright(exif: bytes) -> None:
    data = encode_image(quadrants(), "JPEG", exif=b"Exif\0\0" + exif)
    assert inspect(data, LIMITS).orientation == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_side": 0},
        {"min_side": 20, "max_side": 19},
        {"max_pixels": 3},
        {"formats": frozenset()},
    ],
)
def test_invalid_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        ImageLimits(**wrong)  # type: ignore[arg-type]


def progressive_jpeg(width: int, height: int, **options: Any) -> bytes:
    """Return a small JPEG whose header announces another size."""
    data = encode_image(quadrants(), "JPEG", progressive=True, **options)
    size = data.index(b"\xff\xc2") + 5
    return data[:size] + struct.pack(">HH", height, width) + data[size + 4 :]


def animated_webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + sides


def tiff_with_one_strip(width: int, height: int) -> bytes:
    """Return a TIFF header with four 16-bit samples per pixel in one strip."""
    tags = {256: width, 257: height, 258: 16, 277: 4, 278: height}
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + bytes(4)


@pytest.mark.parametrize(
    "large",
    [
        lambda width, height: progressive_jpeg(width, height, subsampling=0),
        animated_webp,
        tiff_with_one_strip,
    ],
)
def test_extra_memory_of_decoders_is_limited(large: Callable[[int, int], bytes]) -> None:
    """No image in the 2021 edition reaches the limit."""
    limits = ImageLimits.for_edition("2025")
    assert inspect(large(8192, 8192), limits).extra_bytes <= MAX_EXTRA_BYTES
    assert refused(large(12_000, 12_000), limits) is ErrorKind.IMAGE_SIZE


def test_subsampled_progressive_jpeg_is_within_the_limit() -> None:
    limits = ImageLimits.for_edition("2025")
    assert inspect(progressive_jpeg(12_000, 12_000, subsampling=2), limits).extra_bytes > 0
    assert inspect(encode_image(quadrants(), "JPEG"), limits).extra_bytes == 0
