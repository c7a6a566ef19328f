"""Small pictures made on the spot, in every format and pixel mode the tests need."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = (40, 30)
"""Width and height of ``scene``: different, so that swapped sides show."""


def scene() -> Image.Image:
    """Four flat quarters of different colours, so that turns and mirrors show."""
    pixels: npt.NDArray[np.uint8] = np.empty((SIZE[1], SIZE[0], 3), dtype=np.uint8)
    pixels[:15, :20] = (200, 30, 30)
    pixels[:15, 20:] = (30, 160, 30)
    pixels[15:, :20] = (30, 30, 200)
    pixels[15:, 20:] = (90, 90, 90)
    return Image.fromarray(pixels)


def detailed(width: int = 160, height: int = 120) -> Image.Image:
    """A picture with structure everywhere, so that lost pixel data shows."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 3 + k) * np.cos(y / 5 + 2 * k) * 100 + 128 for k in range(3)]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """The picture as a file of Pillow's format of that name."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")
