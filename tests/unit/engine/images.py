"""Draw test images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from web_image_ocr.primitives.pixels import Pixels

_GRADIENT_SIDE_PX = 250


def draw_lines(
    lines: Sequence[tuple[int, int, str]],
    *,
    width: int = 460,
    height: int = 200,
    size: int = 24,
) -> Pixels:
    """Draw black text on white; each line is x, y of its upper left corner, and its text."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    for x, y, text in lines:
        draw.text((x, y), text, fill="black", font=font)
    return np.asarray(image, dtype=np.uint8).copy()


def rotate(pixels: Pixels, angle: float) -> Pixels:
    """Rotate an image clockwise by degrees, on a white canvas that contains all of it."""
    rotated = Image.fromarray(pixels).rotate(
        -angle, resample=Image.Resampling.BICUBIC, expand=True, fillcolor="white"
    )
    return np.asarray(rotated, dtype=np.uint8).copy()


def gradient() -> Pixels:
    """Draw (250, 250, 3): red grows to the right, green downwards, so crops show a direction."""
    image = np.zeros((_GRADIENT_SIDE_PX, _GRADIENT_SIDE_PX, 3), np.uint8)
    image[..., 0] = np.arange(_GRADIENT_SIDE_PX)
    image[..., 1] = np.arange(_GRADIENT_SIDE_PX)[:, None]
    return image
