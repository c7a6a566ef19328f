"""Define the limits on images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from web_image_ocr.images.formats import ImageFormat

Edition = Literal["2021", "2025"]
"""Edition of the cloud API's documentation that the server follows."""

BASE64_TEXT_LIMIT = 10 * 1024 * 1024
"""Characters of Base64 text that the cloud API allows for one image ("10 MB")."""

FILE_LIMIT = BASE64_TEXT_LIMIT // 4 * 3
"""Bytes of the largest file whose Base64 text is within ``BASE64_TEXT_LIMIT``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Limit which images are accepted. The defaults are those of the 2021 edition.

    Attributes:
        min_side: smallest width and height in pixels; at least 1.
        max_side: largest width and height in pixels; not below ``min_side``.
        max_pixels: largest width times height; bounds the memory of one image. Decoding takes
            8 bytes per pixel, 10 for a progressive JPEG, 12 for a progressive CMYK JPEG, 16 for an
            animated WEBP. ``header.MAX_EXTRA_BYTES`` bounds the last three.
        formats: accepted formats, detected from the content, never from a name.
    """

    min_side: int = 15
    max_side: int = 8192
    max_pixels: int = 8192 * 8192
    formats: frozenset[ImageFormat] = frozenset(
        {
            ImageFormat.JPEG,
            ImageFormat.PNG,
            ImageFormat.BMP,
            ImageFormat.TIFF,
            ImageFormat.GIF,
            ImageFormat.WEBP,
        }
    )

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for limits that no image can meet."""
        if not 1 <= self.min_side <= self.max_side:
            raise ValueError("min_side must be at least 1 and not above max_side")
        if self.max_pixels < self.min_side**2:
            raise ValueError("max_pixels must allow an image of min_side by min_side")
        if not self.formats:
            raise ValueError("formats must name at least one format")

    @classmethod
    def for_edition(cls, edition: Edition) -> ImageLimits:
        """Return the limits of an edition of the cloud API."""
        return _EDITIONS[edition]


_EDITIONS: Mapping[Edition, ImageLimits] = MappingProxyType(
    {
        "2021": ImageLimits(),
        "2025": ImageLimits(
            max_side=30_000, max_pixels=160_000_000, formats=frozenset(ImageFormat)
        ),
    }
)
