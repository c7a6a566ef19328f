"""One reader of the header for each format: size and orientation, nothing else.

Each takes the whole file and raises ``struct.error`` or ``IndexError`` where the header is
damaged. Layouts: the formats' own specifications; names as used there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from web_image_ocr.images import ico, jpeg
from web_image_ocr.images.formats import ImageFormat
from web_image_ocr.images.tags import read_orientation, read_tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a picture file says of itself.

    Attributes:
        format: told by the content.
        width: pixels, as stored, before the orientation is applied.
        height: pixels, as stored.
        orientation: EXIF orientation, 1 to 8, still to be applied to the decoded pixels.
            Always 1 for TIFF, whose decoder applies it.
        animated: a WEBP file that may hold several frames.
        held: bytes that a decoder holds beside the picture, where that goes by what the
            file says.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int = 1
    animated: bool = False
    held: int = 0


def _read_jpeg(data: bytes) -> Header:
    found = jpeg.outline(data)
    if not (found.width and found.height and found.scans):
        raise struct.error("no frame or no scan")
    if found.passes > jpeg.MAX_PASSES:
        raise struct.error("too many scans")
    return Header(
        format=ImageFormat.JPEG,
        width=found.width,
        height=found.height,
        orientation=read_orientation(found.exif),
        held=found.coefficient_bytes if found.scans > 1 else 0,
    )


def _read_png(data: bytes) -> Header:
    kind, width, height = struct.unpack_from(">4sLL", data, 12)
    if kind != b"IHDR":
        raise struct.error("the first chunk is not IHDR")
    exif = _find_chunk(data, b"eXIf", first=8, order=">", kind_first=False)
    return Header(
        format=ImageFormat.PNG, width=width, height=height, orientation=read_orientation(exif)
    )


_ANIMATION = 0x02
_CANVASES = 8
"""Bytes a pixel that the decoder of an animation holds beside the frame."""


def _read_webp(data: bytes) -> Header:
    kind, animated = data[12:16], False
    if kind == b"VP8X":
        flags_low, width_high, height_low, height_high = struct.unpack_from("<xxHBHB", data, 22)
        width = (flags_low | width_high << 16) + 1
        height = (height_low | height_high << 16) + 1
        animated = bool(data[20] & _ANIMATION)
    elif kind == b"VP8L":
        signature, bits = struct.unpack_from("<BL", data, 20)
        if signature != 0x2F:
            raise struct.error("no VP8L signature")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise struct.error("no picture chunk")
    exif = _find_chunk(data, b"EXIF", first=12, order="<", kind_first=True)
    return Header(
        format=ImageFormat.WEBP,
        width=width,
        height=height,
        orientation=read_orientation(exif.removeprefix(b"Exif\0\0")),
        animated=animated,
        held=width * height * _CANVASES if animated else 0,
    )


def _find_chunk(data: bytes, wanted: bytes, *, first: int, order: str, kind_first: bool) -> bytes:
    """The content of the first chunk of a kind in a PNG or RIFF file, empty if none.

    PNG writes length, kind, content, checksum; RIFF kind, length, content to an even length.
    """
    position = first
    while position + 8 <= len(data):
        if kind_first:
            kind, length = struct.unpack_from(order + "4sL", data, position)
        else:
            length, kind = struct.unpack_from(order + "L4s", data, position)
        if kind == wanted:
            return data[position + 8 : position + 8 + length]
        position += 8 + length + (length % 2 if kind_first else 4)
    return b""


def _read_bmp(data: bytes) -> Header:
    (header_size,) = struct.unpack_from("<L", data, 14)
    width, height = struct.unpack_from("<HH" if header_size == 12 else "<ll", data, 18)
    return Header(format=ImageFormat.BMP, width=width, height=abs(height))


def _read_gif(data: bytes) -> Header:
    """The canvas, widened to hold the first frame as viewers do."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _color_table_size(flags)
    while data[position] == 0x21:
        position += 2
        while block := data[position]:
            position += 1 + block
        position += 1
    if data[position] != 0x2C:
        raise struct.error("no frame")
    left, top, frame_width, frame_height = struct.unpack_from("<HHHH", data, position + 1)
    return Header(
        format=ImageFormat.GIF,
        width=max(width, left + frame_width),
        height=max(height, top + frame_height),
    )


def _color_table_size(flags: int) -> int:
    """Bytes of the GIF colour table that a flag byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_BITS, _SAMPLES, _STRIP_ROWS = 258, 277, 278
_TIFF_TAGS = (_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _BITS, _SAMPLES, _STRIP_ROWS)

_TILE_SIDE = 8192
"""Pixels a TIFF tile may be wide or high. Decoders allocate one whole tile, however
small the picture is; encoders write tiles of 128 to 1024."""


def _read_tiff(data: bytes) -> Header:
    tags = read_tags(data, _TIFF_TAGS)
    if _WIDTH not in tags or _HEIGHT not in tags:
        raise struct.error("no size")
    if max(tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)) > _TILE_SIDE:
        raise struct.error("tiles too large")
    return Header(
        format=ImageFormat.TIFF,
        width=tags[_WIDTH],
        height=tags[_HEIGHT],
        held=_strip_bytes(tags),
    )


def _strip_bytes(tags: Mapping[int, int]) -> int:
    """Bytes of a strip once unpacked; a decoder holds one whole."""
    rows = min(tags.get(_STRIP_ROWS, tags[_HEIGHT]), tags[_HEIGHT])
    return rows * tags[_WIDTH] * tags.get(_SAMPLES, 1) * tags.get(_BITS, 1) // 8


def _read_tga(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 12)
    return Header(format=ImageFormat.TGA, width=width, height=height)


def _read_ico(data: bytes) -> Header:
    """The size of the icon that is read, from its own header and not from the directory."""
    icon = ico.best_icon(data).content
    if icon.startswith(ico.PNG_SIGNATURE):
        width, height = struct.unpack_from(">LL", icon, 16)
    else:
        # The height of a bitmap in an icon is doubled, for the mask under it.
        width, doubled = struct.unpack_from("<ll", icon, 4)
        height = doubled // 2
    return Header(format=ImageFormat.ICO, width=width, height=height)


def _read_pcx(data: bytes) -> Header:
    left, top, right, bottom = struct.unpack_from("<HHHH", data, 4)
    return Header(format=ImageFormat.PCX, width=right - left + 1, height=bottom - top + 1)


READERS: Mapping[ImageFormat, Callable[[bytes], Header]] = {
    ImageFormat.JPEG: _read_jpeg,
    ImageFormat.PNG: _read_png,
    ImageFormat.BMP: _read_bmp,
    ImageFormat.TIFF: _read_tiff,
    ImageFormat.GIF: _read_gif,
    ImageFormat.WEBP: _read_webp,
    ImageFormat.TGA: _read_tga,
    ImageFormat.ICO: _read_ico,
    ImageFormat.PCX: _read_pcx,
}
