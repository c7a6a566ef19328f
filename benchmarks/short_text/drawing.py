"""Draw short text in the fonts of the golden images; the same seed draws the same pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from tests.golden.fonts import BOLD, CHINESE, MONO, SANS, SERIF, font, install_hint, missing
from web_image_ocr.primitives.pixels import Pixels

Box = tuple[float, float, float, float]
"""Left, top, right, bottom of the ink, in pixels."""

FACES = (SANS, BOLD, MONO, SERIF, CHINESE)
INK_ON_PAPER = (
    *(("black", "white"), ("#222222", "#f4f5f7"), ("#555555", "white"), ("white", "#d93025")),
    *(("white", "#0f6cbd"), ("#f2f2f2", "#121212"), ("#1b5e20", "#e8f5e9"), ("#ffd54f", "#263238")),
)
"""Colours of text and ground, all of a contrast of 4.5 or more."""


class FontsMissingError(RuntimeError):
    """Report that fonts are not installed; the message says how to install them."""


@dataclass(frozen=True, slots=True)
class Style:
    """Describe how a text is drawn.

    Attributes:
        face: Font file, see `tests.golden.fonts`.
        size: Font size in pixels.
        ink: Colour of the text.
        paper: Colour of the ground.
    """

    face: str
    size: int
    ink: str
    paper: str


def check_fonts() -> None:
    """Check that all fonts are installed.

    Raises:
        FontsMissingError: A font is missing.
    """
    if names := missing():
        raise FontsMissingError(f"{', '.join(names)}: {install_hint()}")


def seeded(*parts: object) -> Random:
    """Return a random generator that is the same for the same parts."""
    return Random(" ".join(map(str, parts)))  # noqa: S311 - draws images


def random_style(random: Random, text: str, sizes: tuple[int, int]) -> Style:
    """Return a random style whose font contains the text; ``sizes`` are inclusive."""
    face = random.choice(FACES if text.isascii() else faces_with(text))
    ink, paper = random.choice(INK_ON_PAPER)
    return Style(face, random.randint(*sizes), ink, paper)


def faces_with(text: str) -> list[str]:
    """Return the fonts that have a glyph for each character of a text."""
    return [face for face in FACES if all(_has_glyph(face, sign) for sign in set(text) - {"\n"})]


@cache
def _has_glyph(face: str, sign: str) -> bool:
    ink, unknown = (font(face, 20).getmask(text) for text in (sign, "\U0010ffff"))
    return (ink.size, bytes(ink)) != (unknown.size, bytes(unknown))


def text_size(text: str, style: Style) -> tuple[int, int]:
    """Return width and height of the ink of one or more lines, in pixels."""
    left, top, right, bottom = ink_box((0, 0), text, style)
    return round(right - left), round(bottom - top)


def ink_box(place: tuple[float, float], text: str, style: Style, anchor: str = "la") -> Box:
    """Return the box of the ink that `write` would draw."""
    draw = ImageDraw.Draw(Image.new("1", (1, 1)))
    left, top, right, bottom = draw.multiline_textbbox(
        place, text, font(style.face, style.size), anchor
    )
    return left, top, right, bottom


def write(
    image: Image.Image, place: tuple[float, float], text: str, style: Style, anchor: str = "la"
) -> Box:
    """Draw a text at an anchor of Pillow's; return the box of its ink."""
    face = font(style.face, style.size)
    ImageDraw.Draw(image).multiline_text(place, text, style.ink, face, anchor)
    return ink_box(place, text, style, anchor)


def write_centred(image: Image.Image, centre: tuple[float, float], text: str, style: Style) -> None:
    """Draw a text with the middle of its ink at a place."""
    left, top, right, bottom = ink_box((0, 0), text, style)
    place = round(centre[0] - (left + right) / 2), round(centre[1] - (top + bottom) / 2)
    write(image, place, text, style)


def draw_page(text: str, style: Style, margins: tuple[int, int, int, int]) -> Pixels:
    """Draw a text alone; margins are left, top, right, bottom of the ink, in pixels."""
    left, top, right, bottom = margins
    width, height = text_size(text, style)
    image = Image.new("RGB", (width + left + right, height + top + bottom), style.paper)
    write_centred(image, (left + width / 2, top + height / 2), text, style)
    return to_pixels(image)


def to_pixels(image: Image.Image) -> Pixels:
    """Return the (H, W, 3) pixels of an image."""
    return np.asarray(image.convert("RGB"), dtype=np.uint8).copy()
