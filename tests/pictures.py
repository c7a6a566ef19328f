"""Pictures the tests make themselves."""

from __future__ import annotations

import base64
import io

from PIL import Image, ImageDraw, ImageFont

Place = tuple[int, int]


def picture(
    *texts: tuple[Place, str], size: tuple[int, int] = (480, 160), height: int = 32
) -> Image.Image:
    """Black texts on white, in Pillow's own font.

    Args:
        texts: (upper left corner, text) of each.
        size: width and height of the picture, pixels.
        height: of the font, pixels.
    """
    made = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(made)
    font = ImageFont.load_default(height)
    for place, text in texts:
        draw.text(place, text, "black", font)
    return made


def text_picture(*lines: str) -> Image.Image:
    """Lines of 40 pixels, one below the other; 640 pixels wide."""
    margin, step = 20, 64
    texts = (((margin, margin + row * step), line) for row, line in enumerate(lines))
    return picture(*texts, size=(640, 2 * margin + step * max(1, len(lines))), height=40)


def text_box(place: Place, text: str, height: int = 32) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text as drawn by ``picture``."""
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return draw.textbbox(place, text, font=ImageFont.load_default(height))


def characters_picture(*places: Place, size: tuple[int, int]) -> Image.Image:
    """The characters 田, 中 and 土 at three places, 46 pixels high.

    Pillow's own font has no Chinese; these three are straight strokes.
    """
    made = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(made)
    for (x, y), strokes in zip(places, (_FIELD, _MIDDLE, _EARTH), strict=True):
        for x0, y0, x1, y1 in strokes:
            draw.line((x + x0, y + y0, x + x1, y + y1), "black", 5)
    return made


_FIELD = (
    *((2, 2, 44, 2), (2, 23, 44, 23), (2, 44, 44, 44)),
    *((2, 2, 2, 46), (23, 2, 23, 44), (44, 2, 44, 46)),
)
_MIDDLE = ((5, 12, 41, 12), (5, 28, 41, 28), (5, 12, 5, 31), (41, 12, 41, 31), (23, 0, 23, 46))
_EARTH = ((7, 16, 39, 16), (0, 44, 46, 44), (23, 0, 23, 44))


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """The picture as a file of that format."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def as_text(file: bytes) -> str:
    """The file as Base64 text."""
    return base64.b64encode(file).decode()
