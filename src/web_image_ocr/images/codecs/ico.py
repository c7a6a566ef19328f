"""Read the best image of an icon file."""

from __future__ import annotations

import struct

from PIL.IcoImagePlugin import IcoImageFile

from web_image_ocr.images.codecs import pillow
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.primitives.pixels import Pixels

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHLL")
_MAX_ICONS = 256


def read_header(data: bytes) -> Header:
    """Return the size of the best icon, by its content: the directory may be wrong."""
    _, content = _best_icon(data)
    if content.startswith(_PNG_SIGNATURE):
        width, height = struct.unpack_from(">LL", content, 16)
    else:
        # The height of a bitmap in an icon includes the mask below it.
        width, doubled = struct.unpack_from("<ll", content, 4)
        height = doubled // 2
    return Header(format=ImageFormat.ICO, width=width, height=height)


def decode(data: bytes, header: Header) -> Pixels:
    """Decode the best icon from a file that holds it alone."""
    entry, content = _best_icon(data)
    file = _HEADER.pack(0, 1, 1) + entry + content
    return pillow.decode(IcoImageFile, file, header)


def _best_icon(data: bytes) -> tuple[bytes, bytes]:
    """Choose the largest icon; of several with that size, the one with most colors.

    Returns:
        Directory entry, with the offset for a file of this icon alone, and content: a PNG file,
        or a bitmap without file header and with a mask.

    Raises:
        struct.error: the directory is empty or truncated.
    """
    _, _, count = _HEADER.unpack_from(data)
    starts = [_HEADER.size + n * _ENTRY.size for n in range(min(count, _MAX_ICONS))]
    entries = [_ENTRY.unpack_from(data, start) for start in starts]
    if not entries:
        raise struct.error("no icon")
    # A side of 256 pixels is stored as 0.
    best = max(entries, key=lambda e: ((e[0] or 256) * (e[1] or 256), e[5]))
    size, offset = best[6], best[7]
    own_offset = _HEADER.size + _ENTRY.size
    return _ENTRY.pack(*best[:7], own_offset), data[offset : offset + size]
