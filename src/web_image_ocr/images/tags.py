"""Whole-number tags of a TIFF directory; EXIF data has the same form.

Layout: TIFF 6.0, section 2, and the BigTIFF design of the libtiff project.
"""

from __future__ import annotations

import struct
from collections.abc import Collection

ORIENTATION = 0x0112

_NUMBER_FORMATS = {1: "B", 3: "H", 4: "L", 16: "Q"}
"""``struct`` format of the field types BYTE, SHORT, LONG and LONG8."""

_MAX_ENTRIES = 4096
"""Entries of one directory; pictures of cameras have some dozens."""


def read_tags(data: bytes, wanted: Collection[int]) -> dict[int, int]:
    """The first value of each wanted tag that the first directory holds.

    What a decoder might read and this does not is an error, lest a value that was not checked
    be used: a wanted tag that stands there twice or as no unsigned number (libtiff takes signed
    ones, too), more than ``_MAX_ENTRIES`` entries.

    Args:
        data: from the byte order mark on.
        wanted: tag numbers.

    Raises:
        struct.error: ``data`` ends too early, has no byte order mark, or as said above.
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
    value_room = struct.calcsize(word)
    found: dict[int, int] = {}
    for _ in range(count):
        tag, kind, values = _unpack(entry_format, data, entry)
        if tag in found:
            raise struct.error("a tag stands there twice")
        if tag in wanted:
            if kind not in _NUMBER_FORMATS:
                raise struct.error("a tag is no unsigned number")
            number = order + _NUMBER_FORMATS[kind]
            at = entry + value_offset
            if values * struct.calcsize(number) > value_room:
                (at,) = _unpack(word, data, at)
            (found[tag],) = _unpack(number, data, at)
        entry += value_offset + value_room
    return found


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    """Numbers at ``offset``, which comes from the file and may be anything."""
    if offset > len(data):
        raise struct.error("offset beyond the end")
    return struct.unpack_from(layout, data, offset)


def read_orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) when missing or damaged."""
    try:
        orientation = read_tags(exif, (ORIENTATION,)).get(ORIENTATION, 1)
    except struct.error:
        return 1
    return orientation if 1 <= orientation <= 8 else 1
