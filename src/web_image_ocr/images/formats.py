"""Detect image formats by content, and describe what an image header says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ImageFormat(StrEnum):
    """List the image formats this package can decode."""

    JPEG = "jpeg"
    PNG = "png"
    BMP = "bmp"
    TIFF = "tiff"
    GIF = "gif"
    WEBP = "webp"
    TGA = "tga"
    ICO = "ico"
    PCX = "pcx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Describe an image file by its header.

    Attributes:
        format: format detected from the content.
        width: pixels as stored, before the EXIF orientation is applied.
        height: pixels as stored.
        orientation: EXIF orientation, 1 to 8, still to be applied to the decoded pixels.
            Always 1 for TIFF, because its decoder applies it.
        animated: the file is a WEBP that may hold several frames.
        extra_bytes: bytes the decoder holds in addition to the pixels, where the header decides.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int = 1
    animated: bool = False
    extra_bytes: int = 0


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
"""Bits per pixel by image type: color-mapped, true-color, grayscale."""


def detect_format(data: bytes) -> ImageFormat | None:
    """Return the format by the first bytes, or None. The rest of the file is not checked."""
    for signature, image_format in _SIGNATURES:
        if data.startswith(signature):
            return image_format
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if _is_pcx(data):
        return ImageFormat.PCX
    if _is_tga(data):
        return ImageFormat.TGA
    return None


def _is_pcx(data: bytes) -> bool:
    """Check the four first fields, because the PCX signature has only one byte."""
    return (
        len(data) > 4
        and data[0] == 0x0A
        and data[1] in (0, 2, 3, 5)
        and data[2] == 1
        and data[3] in (1, 2, 4, 8)
    )


def _is_tga(data: bytes) -> bool:
    """Check every header field, because TGA has no signature."""
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
