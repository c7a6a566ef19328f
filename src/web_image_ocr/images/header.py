"""Width, height and orientation of a picture, read before any pixel is decoded.

Threat: a file of a few hundred bytes may announce a picture of gigabytes, and most
decoders allocate it before they look at the data. Rule: the ``readers`` touch only
the bytes of the header and allocate nothing that it announces, and the limits are checked
on what they return; ``decode`` refuses a file whose decoder then finds another
size. What remains open: time and memory spent on pixels within the limits.
"""

from __future__ import annotations

import struct

from web_image_ocr.images.config import ImageLimits
from web_image_ocr.images.formats import detect_format
from web_image_ocr.images.readers import READERS, Header
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

MOST_HELD = 8 * 8192**2
"""Bytes that a decoder may hold beside the picture: what 8,192 x 8,192 pixels of four colours
take as coefficients (JPEG) or samples of 16 bits (TIFF). Larger pictures must take less a pixel:
without this bound, one of 160 million would end the worker."""


def inspect(data: bytes, limits: ImageLimits) -> Header:
    """The header of a picture file, checked against the limits; no pixel is decoded.

    Raises:
        ServiceError: ``FORMAT_UNSUPPORTED`` for an unknown or not accepted format or a
            damaged header, or a JPEG of more scans than ``jpeg.MAX_PASSES`` allows;
            ``IMAGE_SIZE`` for a side or pixel count outside the limits, or for what takes more
            than ``MOST_HELD`` to decode.
    """
    image_format = detect_format(data)
    if image_format is None or image_format not in limits.formats:
        raise ServiceError(ErrorKind.FORMAT_UNSUPPORTED, "the bytes are of no accepted format")
    try:
        header = READERS[image_format](data)
    except (struct.error, IndexError) as error:
        raise ServiceError(
            ErrorKind.FORMAT_UNSUPPORTED, f"the {image_format} header is damaged"
        ) from error
    check_size(header.width, header.height, limits)
    if header.held > MOST_HELD:
        raise ServiceError(
            ErrorKind.IMAGE_SIZE, f"decoding holds {header.held} bytes beside the picture"
        )
    return header


def check_size(width: int, height: int, limits: ImageLimits) -> None:
    """Raise ``IMAGE_SIZE`` unless a picture of this size is within the limits."""
    sides_fit = all(limits.min_side <= side <= limits.max_side for side in (width, height))
    if not sides_fit or width * height > limits.max_pixels:
        raise ServiceError(ErrorKind.IMAGE_SIZE, f"the picture has {width} x {height} pixels")
