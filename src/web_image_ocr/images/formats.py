"""The format of a picture, told by its first bytes."""

from __future__ import annotations

from enum import StrEnum


class ImageFormat(StrEnum):
    """A picture format this package can decode."""

    JPEG = "jpeg"
    PNG = "png"
    BMP = "bmp"
    TIFF = "tiff"
    GIF = "gif"
    WEBP = "webp"
    TGA = "tga"
    ICO = "ico"
    PCX = "pcx"


_SIGNATURES = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"BM", ImageFormat.BMP),
    (b"II*\0", ImageFormat.TIFF),
    (b"MM\0*", ImageFormat.TIFF),
    (b"II+\0", ImageFormat.TIFF),
    (b"MM\0+", ImageFormat.TIFF),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"\0\0\1\0", ImageFormat.ICO),
)


_TGA_HEADER_SIZE = 18
_TGA_DEPTHS = {1: {8}, 2: {16, 24, 32}, 3: {1, 8, 16}}
"""Bits of a pixel by kind: with colour map, true colour, grey."""


def detect_format(data: bytes) -> ImageFormat | None:
    """The format that ``data`` begins like, or None. Says nothing about what follows."""
    for signature, image_format in _SIGNATURES:
        if data.startswith(signature):
            return image_format
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if _like_pcx(data):
        return ImageFormat.PCX
    if _like_tga(data):
        return ImageFormat.TGA
    return None


def _like_pcx(data: bytes) -> bool:
    """PCX has a signature of one byte, so the three after it must make sense too."""
    return (
        len(data) > 4
        and data[0] == 0x0A
        and data[1] in (0, 2, 3, 5)
        and data[2] == 1
        and data[3] in (1, 2, 4, 8)
    )


def _like_tga(data: bytes) -> bool:
    """TGA has no signature at all, so its header must make sense in every field."""
    if len(data) <= _TGA_HEADER_SIZE:
        return False
    has_map, kind, map_depth, depth, descriptor = data[1], data[2], data[7], data[16], data[17]
    return (
        has_map == (kind & 7 == 1)
        and kind in (1, 2, 3, 9, 10, 11)
        and map_depth in ((16, 24, 32) if has_map else (0, 16, 24, 32))
        and depth in _TGA_DEPTHS[kind & 7]
        and descriptor & 0xC0 == 0
    )
