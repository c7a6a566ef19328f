"""The directory of an icon file: several pictures of one thing, of which one is read."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_HEADER = struct.Struct("<HHH")
_ENTRY = struct.Struct("<BBBBHHLL")
_MAX_ICONS = 256


@dataclass(frozen=True, slots=True)
class Icon:
    """One picture of an icon file.

    Attributes:
        entry: its directory entry, with the offset it has in a file of its own.
        content: a PNG file, or a bitmap without file header and with a mask.
    """

    entry: bytes
    content: bytes

    def as_file(self) -> bytes:
        """An icon file that holds this picture alone."""
        return _HEADER.pack(0, 1, 1) + self.entry + self.content


def best_icon(data: bytes) -> Icon:
    """The largest picture of an icon file, among equals the one of most colours.

    Raises:
        struct.error: the directory is empty or cut short.
    """
    _, _, count = _HEADER.unpack_from(data)
    starts = [_HEADER.size + n * _ENTRY.size for n in range(min(count, _MAX_ICONS))]
    entries = [_ENTRY.unpack_from(data, start) for start in starts]
    if not entries:
        raise struct.error("no icon")
    # A side of 256 pixels is written as 0.
    best = max(entries, key=lambda e: ((e[0] or 256) * (e[1] or 256), e[5]))
    size, offset = best[6], best[7]
    own_offset = _HEADER.size + _ENTRY.size
    return Icon(_ENTRY.pack(*best[:7], own_offset), data[offset : offset + size])
