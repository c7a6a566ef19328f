"""Check format, size and decoding memory of an image by its header, before any pixel is decoded.

Threat: decompression bombs. A file of a few hundred bytes may announce an image of gigabytes, and
most decoders allocate it before they look at the data.

Rule: the codecs' ``read_header`` touches only header bytes and allocates nothing that the header
announces. The limits are checked on its result. Decoding fails when the decoder finds another size.

Residual risk: time and memory spent on pixels within the limits.
"""

from __future__ import annotations

import struct

from web_image_ocr.images.codecs import CODECS
from web_image_ocr.images.config import ImageLimits
from web_image_ocr.images.formats import Header, detect_format
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

MAX_EXTRA_BYTES = 8 * 8192**2
"""Bytes that a decoder may hold in addition to the pixels: 8192 x 8192 pixels of four 16-bit
samples (TIFF) or coefficients (JPEG). Without it, one image of 160 Mpx would exhaust a worker."""


def inspect(data: bytes, limits: ImageLimits) -> Header:
    """Return the header of an image file after checking it against the limits.

    Raises:
        ServiceError: ``FORMAT_UNSUPPORTED`` for an unknown or not accepted format, a damaged
            header, or a JPEG with too many scans (``jpeg.MAX_PASSES``); ``IMAGE_SIZE`` for a side
            or pixel count outside the limits, or when decoding takes more than
            ``MAX_EXTRA_BYTES``.
    """
    image_format = detect_format(data)
    if image_format is None or image_format not in limits.formats:
        raise ServiceError(
            ErrorKind.FORMAT_UNSUPPORTED, "the bytes are not an image in an accepted format"
        )
    try:
        header = CODECS[image_format].read_header(data)
    except (struct.error, IndexError) as error:
        raise ServiceError(
            ErrorKind.FORMAT_UNSUPPORTED, f"the {image_format} header is damaged"
        ) from error
    width, height = header.width, header.height
    sides_fit = all(limits.min_side <= side <= limits.max_side for side in (width, height))
    if not sides_fit or width * height > limits.max_pixels:
        raise ServiceError(
            ErrorKind.IMAGE_SIZE, f"the image size, {width} x {height} pixels, is out of range"
        )
    if header.extra_bytes > MAX_EXTRA_BYTES:
        raise ServiceError(
            ErrorKind.IMAGE_SIZE,
            f"decoding takes {header.extra_bytes} bytes in addition to the pixels, "
            f"more than {MAX_EXTRA_BYTES}",
        )
    return header
