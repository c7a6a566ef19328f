"""Limits on pictures and on fetching them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from web_image_ocr.images.sniff import ImageFormat

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchConfig:
    """How the pictures behind a ``url`` are fetched, and from where they may come.

    Attributes:
        allowed_ports: TCP ports that may be called, 1 to 65535.
        allowed_hosts: names that may be called whatever addresses they have, private ones
            too; every other name must have public addresses only.
        allowed_networks: networks such as ``10.1.0.0/16`` that may be called although they
            are not public.
        connect_s: seconds to connect, TLS included.
        read_s: seconds to wait for the next bytes of an answer.
        total_s: seconds for one picture in all, redirects included; never beyond the
            deadline of the call.
        max_bytes: size of one file at most; above 7,864,320 its Base64 text would pass
            the 10 MB the contract allows.
        max_redirects: redirects followed at most, 0 for none.
        max_concurrent: fetches under way at most; one more is refused at once, and so is one of
            a project that has as many under way as there is room left for.
        max_total_bytes: bytes held by all fetches under way at most; what would go beyond
            is refused. Not below ``max_bytes``.
    """

    allowed_ports: tuple[int, ...] = (80, 443)
    allowed_hosts: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    connect_s: float = 5.0
    read_s: float = 5.0
    total_s: float = 10.0
    max_bytes: int = FILE_LIMIT
    max_redirects: int = 5
    max_concurrent: int = 64
    max_total_bytes: int = 128 * 1024 * 1024

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if not all(1 <= port <= 65535 for port in self.allowed_ports):
            raise ValueError("allowed_ports must be 1 to 65535")
        for network in self.allowed_networks:
            ipaddress.ip_network(network)
        if min(self.connect_s, self.read_s, self.total_s) <= 0:
            raise ValueError("connect_s, read_s and total_s must be above 0")
        if min(self.max_bytes, self.max_concurrent) < 1 or self.max_redirects < 0:
            raise ValueError("max_bytes and max_concurrent must be 1 or more, max_redirects 0")
        if self.max_total_bytes < self.max_bytes:
            raise ValueError("max_total_bytes must not be below max_bytes")
