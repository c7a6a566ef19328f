"""Read TIFF files, and EXIF data, which has the layout of a TIFF directory.

Layout: TIFF 6.0, section 2, and the BigTIFF design of the libtiff project.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping

from web_image_ocr.images.formats import Header, ImageFormat

ORIENTATION = 0x0112
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_BITS, _SAMPLES, _STRIP_ROWS = 258, 277, 278
_HEADER_TAGS = (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _BITS, _SAMPLES, _STRIP_ROWS)

_MAX_TILE_SIDE = 8192
"""Pixels. Decoders allocate a whole tile even for a small image; encoders write 128 to 1024."""

_INTEGER_TYPES = {1: "B", 3: "H", 4: "L", 16: "Q"}
"""``struct`` format of the field types BYTE, SHORT, LONG and LONG8."""

_MAX_ENTRIES = 4096
"""Entries of one directory; camera images have a few dozen."""


def read_header(data: bytes) -> Header:
    """Return the size, and the bytes of one unpacked strip as ``extra_bytes``."""
    tags = read_tags(data, _HEADER_TAGS)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise struct.error("no size")
    if max(tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)) > _MAX_TILE_SIDE:
        raise struct.error("tiles too large")
    return Header(
        format=ImageFormat.TIFF,
        width=tags[_WIDTH],
        height=tags[_HEIGHT],
        extra_bytes=_strip_bytes(tags),
    )


def read_orientation(exif: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; 1 (upright) when it is missing or damaged."""
    try:
        orientation = read_tags(exif, (ORIENTATION,)).get(ORIENTATION, 1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1


def read_tags(data: bytes, wanted: Collection[int]) -> dict[int, int]:
    """Return the first value of each wanted integer tag in the first directory.

    Ambiguous directories are errors, because a decoder could use a value that was not checked.

    Args:
        data: TIFF data from the byte order mark on.
        wanted: tag numbers.

    Raises:
        struct.error: the data is truncated or has no byte order mark, a tag occurs twice, or
            there are more than ``_MAX_ENTRIES``. Also when a wanted tag is not an unsigned
            integer; libtiff accepts signed ones, too.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise struct.error("no byte order mark")
    (version,) = struct.unpack_from(order + "H", data, 2)
    big = version == 43
    word = order + ("Q" if big else "L")
    (directory,) = struct.unpack_from(word, data, 8 if big else 4)
    count_format, entry_format = (
        (order + "Q", order + "HHQ") if big else (order + "H", order + "HHL")
    )
    (count,) = _unpack(count_format, data, directory)
    if count > _MAX_ENTRIES:
        raise struct.error("too many entries")
    entry = directory + struct.calcsize(count_format)
    value_offset = struct.calcsize(entry_format)
    value_size = struct.calcsize(word)
    tags: dict[int, int] = {}
    for _ in range(count):
        tag, kind, values = _unpack(entry_format, data, entry)
        if tag in tags:
            raise struct.error("a tag occurs twice")
        if tag in wanted:
            if kind not in _INTEGER_TYPES:
                raise struct.error("a tag is not an unsigned integer")
            number = order + _INTEGER_TYPES[kind]
            offset = entry + value_offset
            if values * struct.calcsize(number) > value_size:
                (offset,) = _unpack(word, data, offset)
            (tags[tag],) = _unpack(number, data, offset)
        entry += value_offset + value_size
    return tags


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    """Unpack integers at ``offset``, an untrusted number from the file."""
    if offset > len(data):
        raise struct.error("offset beyond the end")
    return struct.unpack_from(layout, data, offset)


def _strip_bytes(tags: Mapping[int, int]) -> int:
    """Return the bytes of one unpacked strip, which a decoder holds whole."""
    rows = min(tags.get(_STRIP_ROWS, tags[_HEIGHT]), tags[_HEIGHT])
    return rows * tags[_WIDTH] * tags.get(_SAMPLES, 1) * tags.get(_BITS, 1) // 8
