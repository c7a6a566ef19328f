"""Decode images with one given Pillow plugin; read the headers of BMP, GIF, TGA and PCX.

``Image.open`` would try all its formats, and warn or raise by a process-wide pixel limit. Our own
limits are already checked.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from PIL import Image

from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.images.rgb import rgb_pixels
from web_image_ocr.primitives.pixels import Pixels

Plugin = Callable[[io.BytesIO], Image.Image]

SIZE_MISMATCH = "the decoder finds another size than the header"

_ALPHA_OFTEN_UNSET = frozenset({ImageFormat.BMP, ImageFormat.TGA})
"""Formats whose writers often leave the alpha byte at zero."""


def load(plugin: Plugin, data: bytes, header: Header) -> Image.Image:
    """Load the first frame. Raise ``ValueError`` when it has another size than ``header``."""
    image = plugin(io.BytesIO(data))
    if {image.width, image.height} != {header.width, header.height}:
        raise ValueError(SIZE_MISMATCH)
    image.load()
    return image


def decode(plugin: Plugin, data: bytes, header: Header) -> Pixels:
    """Decode the first frame to (H, W, 3) uint8 RGB. Raise like ``load``."""
    image = load(plugin, data, header)
    if header.format in _ALPHA_OFTEN_UNSET and image.mode == "RGBA":
        image = image if image.getchannel("A").getbbox() else image.convert("RGB")
    return rgb_pixels(image)


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
