"""How well lettering on arcs is read, on pictures this module draws itself.

Usage: ``python -m benchmarks.arcs``.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import cos, degrees, pi, radians, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.text import word_bag
from web_image_ocr import Engine
from web_image_ocr.primitives.image import Pixels

_WORDS = (
    "FRESH ROASTED COFFEE HOUSE QUALITY PRODUCT SINCE 1987 natural mineral water Original "
    "Recipe Handmade in Scotland official seal of the company certified organic farm"
).split()


@dataclass(frozen=True, slots=True)
class Arc:
    """Lettering along a circle.

    Attributes:
        text: what is written.
        radius: of the circle through the middle of the letters, in heights of the font.
        lower: the letters' feet point outwards, so that the lower part of a ring is upright.
        middle: where the middle of the text is, degrees clockwise from the top of the circle.
        height: of the font, pixels.
    """

    text: str
    radius: float
    lower: bool = False
    middle: float = 0.0
    height: int = 32


def extent(arc: Arc) -> float:
    """Degrees of the circle that the text takes."""
    font = ImageFont.load_default(arc.height)
    return degrees(sum(map(font.getlength, arc.text)) / (arc.radius * arc.height))


def draw(arc: Arc) -> Pixels:
    """The arc, black on white, (S, S, 3): each letter turned by itself, as programs that draw do."""
    font = ImageFont.load_default(arc.height)
    radius = arc.radius * arc.height
    centre = round(radius + 2 * arc.height)
    ink = Image.new("L", (2 * centre, 2 * centre))
    way = -1 if arc.lower else 1
    at = radians(arc.middle) - way * radians(extent(arc)) / 2
    for letter in arc.text:
        step = way * font.getlength(letter) / radius
        at += step / 2
        tile = Image.new("L", (4 * arc.height, 4 * arc.height))
        ImageDraw.Draw(tile).text((2 * arc.height,) * 2, letter, 255, font, anchor="mm")
        turned = tile.rotate(-degrees(at) + (180 if arc.lower else 0), Image.Resampling.BICUBIC)
        place = (
            round(centre + radius * sin(at)) - 2 * arc.height,
            round(centre - radius * cos(at)) - 2 * arc.height,
        )
        ink.paste(255, place, turned)
        at += step / 2
    return np.asarray(255 - np.asarray(ink)[..., None].repeat(3, axis=2), dtype=np.uint8)
