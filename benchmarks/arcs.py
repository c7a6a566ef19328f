"""Measure the recognition of curved text, on images drawn in Pillow's own font.

Usage: ``python -m benchmarks.arcs --engine ours``.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, product
from math import cos, degrees, radians, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.engines import ENGINES, OURS, PeerExitedError, open_engine
from benchmarks.text import word_bag
from web_image_ocr.primitives.pixels import Pixels

RADII_EM = (2, 3, 4, 6, 8, 12)
EXTENTS_DEG = (40, 90, 150, 220, 300)
_WORDS = (
    *("FRESH", "ROASTED", "COFFEE", "HOUSE", "QUALITY", "PRODUCT", "SINCE", "1987", "natural"),
    *("mineral", "water", "Original", "Recipe", "Handmade", "in", "Scotland", "official", "seal"),
    *("of", "the", "company", "certified", "organic", "farm"),
)


@dataclass(frozen=True, slots=True)
class CurvedText:
    """Represent text along a circle.

    Attributes:
        text: to draw.
        radius: of the circle through the middle of the letters, in font heights.
        lower: draw on the lower half, baseline outside; otherwise on the upper, baseline inside.
        height: of the font, pixels.
    """

    text: str
    radius: float
    lower: bool = False
    height: int = 32

    @property
    def extent(self) -> float:
        """Return the angle that the text spans, in degrees."""
        length = sum(map(ImageFont.load_default(self.height).getlength, self.text))
        return degrees(length / (self.radius * self.height))


def draw(curved: CurvedText) -> Pixels:
    """Draw the text black on white, (S, S, 3), each letter rotated on its own."""
    font = ImageFont.load_default(curved.height)
    radius = curved.radius * curved.height
    reach = 2 * curved.height  # contains a letter at any rotation
    centre = round(radius) + reach
    ink = Image.new("L", (2 * centre, 2 * centre))
    way, middle = (-1, 180) if curved.lower else (1, 0)
    angle = radians(middle - way * curved.extent / 2)
    for letter in curved.text:
        step = way * font.getlength(letter) / radius
        angle += step / 2
        tile = Image.new("L", (2 * reach, 2 * reach))
        ImageDraw.Draw(tile).text((reach, reach), letter, 255, font, anchor="mm")
        rotated = tile.rotate(middle - degrees(angle), Image.Resampling.BICUBIC)
        x, y = centre + radius * sin(angle), centre - radius * cos(angle)
        ink.paste(255, (round(x) - reach, round(y) - reach), rotated)
        angle += step / 2
    return np.asarray(255 - np.asarray(ink)[..., None].repeat(3, axis=2), dtype=np.uint8)


def curved_texts(height: int) -> dict[tuple[int, int, bool], CurvedText]:
    """Return one text for each radius, maximum extent (unless of a single word) and side."""
    texts = {}
    for first, (radius, extent, lower) in enumerate(product(RADII_EM, EXTENTS_DEG, (False, True))):
        curved = CurvedText(_WORDS[first % len(_WORDS)], radius, lower, height)
        for place in count(first + 1):
            longer = CurvedText(
                f"{curved.text} {_WORDS[place % len(_WORDS)]}", radius, lower, height
            )
            if longer.extent > extent:
                break
            curved = longer
        texts[radius, extent, lower] = curved
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arcs", description=__doc__)
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeat for several")
    parser.add_argument("--height", type=int, default=32, help="font height in pixels")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        for name in dict.fromkeys(arguments.engine or [OURS]):
            try:
                engine = stack.enter_context(open_engine(name))
            except PeerExitedError as error:
                parser.exit(1, f"{error}\n")
            scores: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for (radius, extent, lower), curved in curved_texts(arguments.height).items():
                answer = engine.recognize(draw(curved), detect_direction=False)
                found = word_bag(line.text for line in answer.lines)
                expected = word_bag([curved.text])
                part = {"hits": (found & expected).total(), "all": found.total() + expected.total()}
                side = "lower arcs" if lower else "upper arcs"
                for group in (f"radius {radius:2}", f"up to {extent:3} degrees", side, "all"):
                    scores[group].update(part)
            for group, score in sorted(scores.items()):
                print(f"{name:14} {group:18} word F {2 * score['hits'] / score['all']:.3f}")


if __name__ == "__main__":
    main()
