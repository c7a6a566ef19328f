"""Read PNG files, also those with damaged ancillary chunks."""

from __future__ import annotations

import struct
import zlib

from PIL.PngImagePlugin import PngImageFile

from web_image_ocr.images.codecs import pillow
from web_image_ocr.images.codecs.tiff import read_orientation
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.primitives.pixels import Pixels

_FIRST_CHUNK = 8
_ANCILLARY = 0x20
"""Bit in the first letter of a chunk type: the image can be shown without the chunk."""


def read_header(data: bytes) -> Header:
    """Return size and EXIF orientation."""
    kind, width, height = struct.unpack_from(">4sLL", data, 12)
    if kind != b"IHDR":
        raise struct.error("the first chunk is not IHDR")
    return Header(
        format=ImageFormat.PNG,
        width=width,
        height=height,
        orientation=read_orientation(_find_exif(data)),
    )


def decode(data: bytes, header: Header) -> Pixels:
    """Decode the image without its damaged ancillary chunks."""
    return pillow.decode(PngImageFile, _without_damaged_ancillary(data), header)


def _find_exif(data: bytes) -> bytes:
    """Return the content of the first ``eXIf`` chunk, empty if there is none."""
    position = _FIRST_CHUNK
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, position)
        if kind == b"eXIf":
            return data[position + 8 : position + 8 + length]
        position += 12 + length
    return b""


def _without_damaged_ancillary(data: bytes) -> bytes:
    """Remove ancillary chunks before the pixels whose checksum is wrong.

    Browsers ignore such chunks; Pillow would refuse the file. Other damage stays in the file.
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
