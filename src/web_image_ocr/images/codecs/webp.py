"""Read WEBP files: still images with OpenCV, animations with Pillow.

Pillow decodes every WEBP file as an animation, with 16 to 20 bytes per pixel: canvas, previous
canvas, a copy as bytes and a copy as an image. OpenCV takes 6, or 8 with alpha. Both call libwebp
and return the same pixels.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from web_image_ocr.images.codecs import pillow
from web_image_ocr.images.codecs.tiff import read_orientation
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.images.rgb import rgb_pixels
from web_image_ocr.primitives.pixels import Pixels

_ANIMATION = 0x02
_CANVAS_BYTES = 8
"""Bytes per pixel that the decoder of an animation holds in addition to the frame."""


def read_header(data: bytes) -> Header:
    """Return canvas size, EXIF orientation and whether the file is an animation."""
    kind, animated = data[12:16], False
    if kind == b"VP8X":
        width_low, width_high, height_low, height_high = struct.unpack_from("<xxHBHB", data, 22)
        width = (width_low | width_high << 16) + 1
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
        raise struct.error("no image chunk")
    return Header(
        format=ImageFormat.WEBP,
        width=width,
        height=height,
        orientation=read_orientation(_find_exif(data).removeprefix(b"Exif\0\0")),
        animated=animated,
        extra_bytes=width * height * _CANVAS_BYTES if animated else 0,
    )


def decode(data: bytes, header: Header) -> Pixels:
    """Decode the image or the first frame of the animation."""
    if header.animated:
        return pillow.decode(WebPImageFile, data, header)
    pixels = decode_still(data)
    if pixels.shape[:2] != (header.height, header.width):
        raise ValueError(pillow.SIZE_MISMATCH)
    return pixels if pixels.shape[2] == 3 else rgb_pixels(Image.fromarray(pixels))


def decode_still(data: bytes) -> npt.NDArray[np.uint8]:
    """Decode a still image to (H, W, 3) RGB or (H, W, 4) RGBA.

    Raises:
        ValueError: the data is damaged or truncated.
        cv2.error: the data is damaged or truncated.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise ValueError("no image in the WEBP file")
    conversion = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(pixels, conversion, dst=pixels), dtype=np.uint8)


def _find_exif(data: bytes) -> bytes:
    """Return the content of the first ``EXIF`` chunk, empty if there is none."""
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sL", data, position)
        if kind == b"EXIF":
            return data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    return b""
