"""How well lettering on arcs is read, on pictures this module draws in Pillow's own font.

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

from benchmarks.engines import ENGINES, OURS, PeerEndedError, open_engine
from benchmarks.text import word_bag
from web_image_ocr.primitives.pixels import Pixels

RADII = (2, 3, 4, 6, 8, 12)
EXTENTS = (40, 90, 150, 220, 300)
_WORDS = (
    *("FRESH", "ROASTED", "COFFEE", "HOUSE", "QUALITY", "PRODUCT", "SINCE", "1987", "natural"),
    *("mineral", "water", "Original", "Recipe", "Handmade", "in", "Scotland", "official", "seal"),
    *("of", "the", "company", "certified", "organic", "farm"),
)


@dataclass(frozen=True, slots=True)
class Arc:
    """Lettering along a circle.

    Attributes:
        text: what is written.
        radius: of the circle through the middle of the letters, in heights of the font.
        lower: in the lower part of the circle, feet outwards; else in the upper, feet inwards.
        height: of the font, pixels.
    """

    text: str
    radius: float
    lower: bool = False
    height: int = 32

    @property
    def extent(self) -> float:
        """Degrees of the circle that the text takes."""
        length = sum(map(ImageFont.load_default(self.height).getlength, self.text))
        return degrees(length / (self.radius * self.height))


def draw(arc: Arc) -> Pixels:
    """The arc, black on white, (S, S, 3): each letter is turned by itself."""
    font = ImageFont.load_default(arc.height)
    radius = arc.radius * arc.height
    reach = 2 * arc.height  # holds a letter, however it is turned
    centre = round(radius) + reach
    ink = Image.new("L", (2 * centre, 2 * centre))
    way, middle = (-1, 180) if arc.lower else (1, 0)
    angle = radians(middle - way * arc.extent / 2)
    for letter in arc.text:
        step = way * font.getlength(letter) / radius
        angle += step / 2
        tile = Image.new("L", (2 * reach, 2 * reach))
        ImageDraw.Draw(tile).text((reach, reach), letter, 255, font, anchor="mm")
        turned = tile.rotate(middle - degrees(angle), Image.Resampling.BICUBIC)
        x, y = centre + radius * sin(angle), centre - radius * cos(angle)
        ink.paste(255, (round(x) - reach, round(y) - reach), turned)
        angle += step / 2
    return np.asarray(255 - np.asarray(ink)[..., None].repeat(3, axis=2), dtype=np.uint8)


def arcs(height: int) -> dict[tuple[int, int, bool], Arc]:
    """One arc for each radius, extent that it takes at most (but for a single word), and side."""
    made = {}
    for first, (radius, extent, lower) in enumerate(product(RADII, EXTENTS, (False, True))):
        arc = Arc(_WORDS[first % len(_WORDS)], radius, lower, height)
        for place in count(first + 1):
            longer = Arc(f"{arc.text} {_WORDS[place % len(_WORDS)]}", radius, lower, height)
            if longer.extent > extent:
                break
            arc = longer
        made[radius, extent, lower] = arc
    return made


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arcs", description=__doc__)
    parser.add_argument("--engine", action="append", choices=ENGINES, help="repeat for several")
    parser.add_argument("--height", type=int, default=32, help="of the font in pixels")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        for name in dict.fromkeys(arguments.engine or [OURS]):
            try:
                engine = stack.enter_context(open_engine(name))
            except PeerEndedError as error:
                parser.exit(1, f"{error}\n")
            scores: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for (radius, extent, lower), arc in arcs(arguments.height).items():
                answer = engine.read(draw(arc), detect_direction=False)
                found = word_bag(line.text for line in answer.lines)
                wanted = word_bag([arc.text])
                part = {"hits": (found & wanted).total(), "all": found.total() + wanted.total()}
                side = "lower arcs" if lower else "upper arcs"
                for group in (f"radius {radius:2}", f"up to {extent:3} degrees", side, "all"):
                    scores[group].update(part)
            for group, score in sorted(scores.items()):
                print(f"{name:14} {group:18} word F {2 * score['hits'] / score['all']:.3f}")


if __name__ == "__main__":
    main()
