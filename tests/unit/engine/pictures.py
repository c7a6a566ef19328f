"""Pictures with text, drawn by the tests themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from web_image_ocr.primitives.pixels import Pixels


def written(
    lines: Sequence[tuple[int, int, str]],
    *,
    width: int = 460,
    height: int = 200,
    size: int = 24,
) -> Pixels:
    """Black text on white; each line as x, y of its upper left corner, and its text."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)
    for x, y, text in lines:
        draw.text((x, y), text, fill="black", font=font)
    return np.asarray(picture, dtype=np.uint8).copy()


def turned(pixels: Pixels, angle: float) -> Pixels:
    """The picture turned clockwise by degrees, on a white canvas that holds it all."""
    picture = Image.fromarray(pixels)
    turned_picture = picture.rotate(
        -angle, resample=Image.Resampling.BICUBIC, expand=True, fillcolor="white"
    )
    return np.asarray(turned_picture, dtype=np.uint8).copy()
