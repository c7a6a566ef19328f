"""Limits on images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from web_image_ocr.images.formats import ImageFormat

Edition = Literal["2021", "2025"]
"""Which edition of the API's page is followed."""

BASE64_TEXT_LIMIT = 10 * 1024 * 1024
"""Characters of Base64 text the contract allows for one picture ("10 MB")."""

FILE_LIMIT = BASE64_TEXT_LIMIT // 4 * 3
"""Bytes of a file whose Base64 text is just within ``BASE64_TEXT_LIMIT``."""

_FORMATS_2021 = frozenset(
    {
        ImageFormat.JPEG,
        ImageFormat.PNG,
        ImageFormat.BMP,
        ImageFormat.TIFF,
        ImageFormat.GIF,
        ImageFormat.WEBP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Which pictures are read. The defaults are those of the edition of 2021.

    Attributes:
        min_side: pixels, the least width and height; at least 1.
        max_side: pixels, the greatest width and height; not below ``min_side``.
        max_pixels: width times height at most; bounds the memory of one picture,
            which while decoding is 8 bytes a pixel, 10 for a progressive JPEG, 12 for one in
            CMYK, 16 for an animated WEBP (``header.MOST_HELD`` bounds these three).
        formats: the accepted formats, told by content, never by name.
    """

    min_side: int = 15
    max_side: int = 8192
    max_pixels: int = 8192 * 8192
    formats: frozenset[ImageFormat] = _FORMATS_2021

    def __post_init__(self) -> None:
        """Refuse limits that no picture could meet."""
        if not 1 <= self.min_side <= self.max_side:
            raise ValueError("min_side must be at least 1 and not above max_side")
        if self.max_pixels < self.min_side**2:
            raise ValueError("max_pixels must allow a picture of min_side by min_side")
        if not self.formats:
            raise ValueError("formats must name at least one format")

    @classmethod
    def for_edition(cls, edition: Edition) -> ImageLimits:
        """The limits that an edition of the API's page sets."""
        return _EDITIONS[edition]


_EDITIONS: Mapping[Edition, ImageLimits] = MappingProxyType(
    {
        "2021": ImageLimits(),
        "2025": ImageLimits(
            max_side=30_000, max_pixels=160_000_000, formats=frozenset(ImageFormat)
        ),
    }
)
