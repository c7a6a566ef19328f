"""Pictures the tests make themselves."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont


def text_picture(
    *lines: str, size: int = 40, width: int = 640, margin: int = 20, background: str = "white"
) -> Image.Image:
    """Lines of black text, one below the other, in Pillow's own font.

    Args:
        lines: what is written.
        size: of the font, pixels.
        width: of the picture, pixels.
        margin: around the text, pixels.
        background: colour of the paper.
    """
    step = round(size * 1.6)
    picture = Image.new("RGB", (width, 2 * margin + step * max(1, len(lines))), background)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)
    for row, line in enumerate(lines):
        draw.text((margin, margin + row * step), line, "black", font)
    return picture


def encoded(picture: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    """The picture as a file of that format."""
    out = io.BytesIO()
    picture.save(out, file_format, **options)
    return out.getvalue()
