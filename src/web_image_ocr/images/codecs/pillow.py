"""Decode images with one given Pillow plugin.

``Image.open`` would try all its formats, and warn or raise by a process-wide pixel limit. Our own
limits are already checked.
"""

from __future__ import annotations

import io
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
