"""Pictures made by the tests themselves."""

from __future__ import annotations

import base64
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

Place = tuple[int, int]


def picture(
    *texts: tuple[Place, str], size: tuple[int, int] = (480, 160), height: int = 32
) -> Image.Image:
    """Black texts on white.

    Args:
        texts: (upper left corner, text) of each.
        size: width and height of the picture, pixels.
        height: of the letters, about; pixels.
    """
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=height)
    for place, text in texts:
        draw.text(place, text, fill="black", font=font)
    return image


def text_box(place: Place, text: str, height: int = 32) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text as drawn by ``picture``."""
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    return draw.textbbox(place, text, font=ImageFont.load_default(size=height))


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    """The picture as a file."""
    buffer = BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def as_text(file: bytes) -> str:
    """The file as Base64 text."""
    return base64.b64encode(file).decode()


def words(result: dict[str, object]) -> list[str]:
    """The texts of an answer, without blanks: where they stand is a matter of the fonts."""
    blocks = result["words_block_list"]
    assert isinstance(blocks, list)
    return [block["words"].replace(" ", "") for block in blocks]
