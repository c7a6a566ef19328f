"""PNG chunks, as far as a decoder is stricter with them than those who look at the picture."""

from __future__ import annotations

import struct
import zlib

_FIRST_CHUNK = 8
_ANCILLARY = 0x20
"""Bit of a kind's first letter that says that the picture can be shown without the chunk."""


def without_damaged_extras(data: bytes) -> bytes:
    """The file without the ancillary chunks, before the pixels, whose checksum is wrong.

    Browsers drop them, and Pillow would refuse the file. Whatever else is damaged stays.
    """
    kept = [data[:_FIRST_CHUNK]]
    start = _FIRST_CHUNK
    while start + 12 <= len(data):
        length, first_letter = struct.unpack_from(">LB", data, start)
        end = start + 12 + length
        if data[start + 4 : start + 8] == b"IDAT" or end > len(data):
            break
        (checksum,) = struct.unpack_from(">L", data, end - 4)
        if not first_letter & _ANCILLARY or zlib.crc32(data[start + 4 : end - 4]) == checksum:
            kept.append(data[start:end])
        start = end
    return b"".join(kept) + data[start:]
