"""Test less common variants of the common formats, written byte by byte where Pillow cannot."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.support.images import QUADRANT_SIZE, encode_image, quadrants
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

LIMITS = ImageLimits.for_edition("2021")
WIDTH, HEIGHT = QUADRANT_SIZE
COLORS = np.asarray(quadrants())
GRAY = np.asarray(quadrants().convert("L"))

RGB, PALETTE = 2, 3
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
"""Left, top, and horizontal and vertical step of the first six passes of an interlaced PNG."""


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))


def png(depth: int, colors: int, rows: list[bytes], *extra: bytes, interlaced: int = 0) -> bytes:
    header = struct.pack(">LLBBBBB", WIDTH, HEIGHT, depth, colors, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def rows_of(pixels: np.ndarray) -> list[bytes]:
    return [np.ascontiguousarray(row).tobytes() for row in pixels]


@pytest.mark.parametrize("depth", [8, 16])
def test_interlaced_png(depth: int) -> None:
    pixels = COLORS if depth == 8 else (COLORS.astype(np.uint16) * 257).astype(">u2")
    passes = [pixels[top::down, left::right] for left, top, right, down in ADAM7]
    rows = [row for part in (*passes, pixels[1::2]) for row in rows_of(part)]
    found = decode(png(depth, RGB, rows, interlaced=1), LIMITS).pixels
    np.testing.assert_array_equal(found, COLORS)


def test_png_with_a_damaged_ancillary_chunk_is_decoded() -> None:
    text = chunk(b"tEXt", b"Title\0a scene")
    damaged = text[:-1] + bytes([text[-1] ^ 1])
    found = decode(png(8, RGB, rows_of(COLORS), text, damaged, text), LIMITS).pixels
    np.testing.assert_array_equal(found, COLORS)


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE"])
def test_png_with_a_damaged_critical_chunk_is_refused(kind: bytes) -> None:
    indices = np.zeros((HEIGHT, WIDTH), np.uint8)
    data = bytearray(png(8, PALETTE, rows_of(indices), chunk(b"PLTE", bytes(768))))
    position = data.index(kind)
    length = int.from_bytes(data[position - 4 : position])
    data[position + 4 + length] ^= 1
    with pytest.raises(ServiceError) as caught:
        decode(bytes(data), LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_png_with_a_small_palette(depth: int) -> None:
    palette = np.arange(3 << depth, dtype=np.uint8).reshape(-1, 3) * 5
    indices = np.indices((HEIGHT, WIDTH)).sum(axis=0) % (1 << depth)
    bits = (indices[..., None] >> np.arange(depth)[::-1] & 1).reshape(HEIGHT, -1)
    data = png(
        depth, PALETTE, rows_of(np.packbits(bits, axis=1)), chunk(b"PLTE", palette.tobytes())
    )
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, palette[indices])


def test_damaged_color_profile_is_ignored() -> None:
    data = png(8, RGB, rows_of(COLORS), chunk(b"iCCP", b"x\0\0junk"))
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, COLORS)


UNCOMPRESSED, RLE8, RLE4, MASKS = 0, 1, 2, 3


def bmp(depth: int, compression: int, data: bytes, before: bytes = b"", height: int = 30) -> bytes:
    """Return a bitmap; ``before`` stands between header and pixels: masks or the palette."""
    info = struct.pack(
        "<LllHHLLllLL", 40, WIDTH, height, 1, depth, compression, len(data), 0, 0, 0, 0
    )
    offset = 14 + len(info) + len(before)
    return b"BM" + struct.pack("<LHHL", offset + len(data), 0, 0, offset) + info + before + data


GRAY_PALETTE = b"".join(bytes((n, n, n, 0)) for n in range(256))
PALETTE_4_BIT = b"".join(bytes((n * 17, n * 17, n * 17, 0)) for n in range(16))
UPWARDS = GRAY[::-1]
BGR = COLORS[::-1, :, ::-1]
WORDS = COLORS[::-1].astype(np.uint16)
W565 = WORDS[..., 0] >> 3 << 11 | WORDS[..., 1] >> 2 << 5 | WORDS[..., 2] >> 3
W555 = WORDS[..., 0] >> 3 << 10 | WORDS[..., 1] >> 3 << 5 | WORDS[..., 2] >> 3


def runs(row: Pixels, shift: int) -> bytes:
    """Return two runs of 20 equal pixels and an end-of-line code, as RLE."""
    values = [int(row[x]) >> shift for x in (0, 20)]
    return b"".join(bytes((20, value * 17 if shift else value)) for value in values) + b"\0\0"


GRAY_BMP = {
    "8 bits": bmp(8, UNCOMPRESSED, UPWARDS.tobytes(), GRAY_PALETTE),
    "rle8": bmp(8, RLE8, b"".join(runs(row, 0) for row in UPWARDS) + b"\0\1", GRAY_PALETTE),
    "4 bits": bmp(
        4,
        UNCOMPRESSED,
        (UPWARDS[:, ::2] >> 4 << 4 | UPWARDS[:, 1::2] >> 4).tobytes(),
        PALETTE_4_BIT,
    ),
    "rle4": bmp(4, RLE4, b"".join(runs(row, 4) for row in UPWARDS) + b"\0\1", PALETTE_4_BIT),
}
COLOR_BMP = {
    "16 bits": bmp(16, UNCOMPRESSED, W555.astype("<u2").tobytes()),
    "16 bits with masks": bmp(
        16, MASKS, W565.astype("<u2").tobytes(), struct.pack("<LLL", 0xF800, 0x7E0, 0x1F)
    ),
    "24 bits from the top": bmp(24, UNCOMPRESSED, BGR[::-1].tobytes(), height=-HEIGHT),
    "32 bits": bmp(32, UNCOMPRESSED, np.pad(BGR, ((0, 0), (0, 0), (0, 1))).tobytes()),
}


@pytest.mark.parametrize("name", GRAY_BMP)
def test_gray_bmp(name: str) -> None:
    found = decode(GRAY_BMP[name], LIMITS).pixels.astype(int)
    assert np.abs(found - GRAY[..., None].astype(int)).max() < 16


@pytest.mark.parametrize("name", COLOR_BMP)
def test_color_bmp(name: str) -> None:
    found = decode(COLOR_BMP[name], LIMITS).pixels.astype(int)
    assert np.abs(found - COLORS).max() < 8


def test_cmyk_jpeg_without_adobe_marker_is_inverted_as_in_browsers() -> None:
    data = encode_image(quadrants().convert("CMYK"), "JPEG", quality=95, subsampling=0)
    adobe = data.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", data, adobe + 2)
    found = decode(data[:adobe] + data[adobe + 2 + length :], LIMITS).pixels
    assert np.abs(found.astype(int) - COLORS).mean() < 3


UNSUPPORTED = {
    "avif": encode_image(quadrants(), "AVIF"),
    "jpeg 2000": encode_image(quadrants(), "JPEG2000"),
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": b"%PDF-1.7\n",
    "html": b"<!DOCTYPE html>",
    "nothing": b"",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_format_is_refused(name: str) -> None:
    with pytest.raises(ServiceError, match="not an image in an accepted format") as caught:
        decode(UNSUPPORTED[name], LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED


def test_first_frame_of_a_gif_with_a_disposal_is_complete() -> None:
    later = [Image.new("RGB", (WIDTH, HEIGHT), color) for color in ("red", "blue")]
    data = encode_image(
        quadrants(), "GIF", save_all=True, append_images=later, disposal=2, interlace=1
    )
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, COLORS)
