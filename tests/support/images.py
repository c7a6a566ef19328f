"""Draw test images with Pillow."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP")

QUADRANT_SIZE = (40, 30)
"""Width and height of ``quadrants``; they differ, so that swapped sides show."""

Point = tuple[int, int]


def draw_image(
    *texts: tuple[Point, str], size: tuple[int, int] = (480, 160), height: int = 32
) -> Image.Image:
    """Draw black text on white in Pillow's built-in font.

    Args:
        texts: Pairs of upper left corner and text.
        size: Width and height of the image in pixels.
        height: Font size in pixels.
    """
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(height)
    for point, text in texts:
        draw.text(point, text, "black", font)
    return image


def text_image(*lines: str) -> Image.Image:
    """Draw lines of text 40 pixels high, one below the other, 640 pixels wide."""
    margin, step = 20, 64
    texts = (((margin, margin + row * step), line) for row, line in enumerate(lines))
    return draw_image(*texts, size=(640, 2 * margin + step * max(1, len(lines))), height=40)


def text_box(point: Point, text: str, height: int = 32) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a text that ``draw_image`` drew."""
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return draw.textbbox(point, text, font=ImageFont.load_default(height))


def chinese_image(*points: Point, size: tuple[int, int]) -> Image.Image:
    """Draw the characters 田, 中 and 土 at three points, 46 pixels high.

    Pillow's built-in font has no Chinese; these characters consist of straight strokes.
    """
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for (x, y), strokes in zip(points, (_FIELD, _MIDDLE, _EARTH), strict=True):
        for x0, y0, x1, y1 in strokes:
            draw.line((x + x0, y + y0, x + x1, y + y1), "black", 5)
    return image


_FIELD = (
    *((2, 2, 44, 2), (2, 23, 44, 23), (2, 44, 44, 44)),
    *((2, 2, 2, 46), (23, 2, 23, 44), (44, 2, 44, 46)),
)
_MIDDLE = ((5, 12, 41, 12), (5, 28, 41, 28), (5, 12, 5, 31), (41, 12, 41, 31), (23, 0, 23, 46))
_EARTH = ((7, 16, 39, 16), (0, 44, 46, 44), (23, 0, 23, 44))


def quadrants() -> Image.Image:
    """Draw four flat quadrants in different colors, so that rotations and mirrors show."""
    width, height = QUADRANT_SIZE
    pixels: npt.NDArray[np.uint8] = np.empty((height, width, 3), dtype=np.uint8)
    pixels[:15, :20] = (200, 30, 30)
    pixels[:15, 20:] = (30, 160, 30)
    pixels[15:, :20] = (30, 30, 200)
    pixels[15:, 20:] = (90, 90, 90)
    return Image.fromarray(pixels)


def texture(width: int = 160, height: int = 120) -> Image.Image:
    """Draw an image with texture everywhere, so that missing pixel data shows."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 3 + k) * np.cos(y / 5 + 2 * k) * 100 + 128 for k in range(3)]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def encode_image(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    """Return the image as a file in that format."""
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def to_base64(file: bytes) -> str:
    """Return the file as Base64 text."""
    return base64.b64encode(file).decode()
