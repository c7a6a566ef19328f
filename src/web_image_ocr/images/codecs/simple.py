"""Read the headers of formats that need no other code: BMP, GIF, TGA and PCX."""

from __future__ import annotations

import struct

from web_image_ocr.images.formats import Header, ImageFormat


def read_bmp_header(data: bytes) -> Header:
    """Return the size."""
    (header_size,) = struct.unpack_from("<L", data, 14)
    width, height = struct.unpack_from("<HH" if header_size == 12 else "<ll", data, 18)
    return Header(format=ImageFormat.BMP, width=width, height=abs(height))


def read_tga_header(data: bytes) -> Header:
    """Return the size."""
    width, height = struct.unpack_from("<HH", data, 12)
    return Header(format=ImageFormat.TGA, width=width, height=height)


def read_pcx_header(data: bytes) -> Header:
    """Return the size."""
    left, top, right, bottom = struct.unpack_from("<HHHH", data, 4)
    return Header(format=ImageFormat.PCX, width=right - left + 1, height=bottom - top + 1)


def read_gif_header(data: bytes) -> Header:
    """Return the canvas size, extended to hold the first frame as viewers do."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)  # past the color table
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
